"""Explanations that stay the same when the network forgets all it learned."""

from collections.abc import Iterator, Mapping
from typing import Any

from finetrust.core.profile import TrustProfile
from finetrust.report.next_steps.step import Gravity, Step, finding
from finetrust.report.verdicts.believed import not_believed


@finding("unbelieved_explanations", order=119)
def unbelieved_explanations(profile: TrustProfile, report: Mapping[str, Any]) -> Iterator[Step]:
    """Yield that the explanations shown are not to be believed, where they are not."""
    reason = not_believed(profile)
    if reason is not None:
        yield Step(
            Gravity.NOTABLE,
            reason,
            "Show its explanations to nobody as a reason for an answer. Try methods of another kind with "
            "`--attributions`, or `--effort full`; if all fail, say that its answers cannot be explained.",
        )

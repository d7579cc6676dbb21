"""Signs that attacks could not do their work, so that robustness is only apparent."""

from collections.abc import Iterator, Mapping
from typing import Any

from finetrust.core.profile import TrustProfile
from finetrust.report.next_steps.step import Gravity, Step, finding
from finetrust.report.verdicts.attack import masking_warning


@finding("masked_gradients", order=115)
def masked_gradients(profile: TrustProfile, report: Mapping[str, Any]) -> Iterator[Step]:
    """Yield that accuracy under attack is not to be believed, where there are signs of that."""
    warning = masking_warning(profile)
    if warning is not None:
        yield Step(
            Gravity.NOTABLE,
            warning,
            "Do not believe its accuracy under attack, and claim no robustness. Look at what makes the "
            "gradients useless (saturated outputs, quantised or random layers), and evaluate again with "
            "`--effort full`.",
        )

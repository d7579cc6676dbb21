"""Outputs that are no numbers: NaN or infinite."""

from collections.abc import Iterator, Mapping
from typing import Any

from finetrust.core.profile import TrustProfile
from finetrust.report.names import subset_label
from finetrust.report.next_steps.step import Gravity, Step, finding
from finetrust.report.numbers import count, hits, sentence_list
from finetrust.report.verdicts.measured import measured


@finding("no_answers", order=20)
def no_answers(profile: TrustProfile, report: Mapping[str, Any]) -> Iterator[Step]:
    """Yield for how many items there was no finite output, untouched or disturbed."""
    missing = measured(profile, "non_finite_outputs")
    if missing is not None and hits(missing):
        yield Step(
            Gravity.GRAVE,
            f"For {count(hits(missing))} of {count(missing.n)} untouched items the model returned "
            "no finite answer. They count as wrong.",
            "Evaluate again with `--precision fp32`; if it stays so, tune again with a lower "
            "`--learning-rate`.",
        )
    disturbed = [m for m in profile.subsets("non_finite_outputs") if m.value]
    if disturbed:
        kinds = sentence_list([subset_label(m).lower() for m in disturbed])
        yield Step(
            Gravity.NOTABLE,
            f"Under {kinds} the model returned no finite answer for some items.",
            "Evaluate again with `--precision fp32`, and refuse inputs that give no finite output.",
        )

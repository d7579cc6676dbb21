"""Confidence that does not fall as accuracy does when inputs are damaged."""

from collections.abc import Iterator, Mapping
from typing import Any

from finetrust.core.profile import TrustProfile
from finetrust.report.judged import noun_of
from finetrust.report.next_steps.step import Gravity, Step, finding
from finetrust.report.numbers import interval_of, points
from finetrust.report.verdicts.measured import measured

TOLERATED = 0.05


@finding("too_sure_when_damaged", order=111)
def too_sure_when_damaged(profile: TrustProfile, report: Mapping[str, Any]) -> Iterator[Step]:
    """Yield by how much confidence exceeds accuracy on damaged inputs, where it is five points or more."""
    gap = measured(profile, "corruption_confidence_gap")
    if gap is None or gap.value is None or (gap.ci_low or 0.0) <= TOLERATED:
        return
    noun = noun_of(profile.data)
    yield Step(
        Gravity.NOTABLE,
        f"On damaged {noun} it is surer than it should be, by {points(gap.value)} on average (interval "
        f"{interval_of(gap)}).",
        f"Do not act on its confidence where {noun} may be damaged. Add damaged {noun} to the training and "
        "validation data, by which it is calibrated; an ensemble of several trainings keeps more doubt.",
    )

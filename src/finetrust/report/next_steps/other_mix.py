"""A test whose classes are mixed otherwise than those of the training data."""

from collections.abc import Iterator, Mapping
from typing import Any

from finetrust.core.profile import TrustProfile
from finetrust.report.details import rows_in
from finetrust.report.next_steps.step import Gravity, Step, finding
from finetrust.report.numbers import percent
from finetrust.report.verdicts.measured import measured

TOLERATED = 0.05


@finding("other_mix", order=80)
def other_mix(profile: TrustProfile, report: Mapping[str, Any]) -> Iterator[Step]:
    """Yield by how much the shares of the classes have shifted, where that is more than chance."""
    shift = measured(profile, "class_prior_shift")
    if shift is None or shift.details.get("alarm") is not True or (shift.value or 0) < TOLERATED:
        return
    moved = rows_in(shift.details, "moved_most", "class", "train", "evaluation")
    told = ""
    if moved:
        first = moved[0]
        told = (
            f", most of all “{first['class']}”: {percent(first['train'])} of the training data, "
            f"{percent(first['evaluation'])} of the test"
        )
    yield Step(
        Gravity.NOTABLE,
        f"The classes are mixed otherwise in the test than in training: {percent(shift.value or 0)} of "
        f"the items would have to be of another class{told}.",
        "Find out which mix it will meet. If that of the test, tune with `--class-weights balanced` or "
        "with data of that mix; if that of training, judge by the figures per class.",
    )

"""Confidence that cannot be believed: off by more than chance explains."""

from collections.abc import Iterator, Mapping
from typing import Any

from finetrust.core.measure import Measure
from finetrust.core.profile import TrustProfile
from finetrust.report.details import calibrated_bins, calibration_measures, diagrams_of
from finetrust.report.next_steps.step import Gravity, Step, finding
from finetrust.report.numbers import interval_of, points
from finetrust.report.verdicts.confidence import is_too_sure

TOLERATED = 0.02
GRAVE = 0.10


@finding("overconfidence", order=70)
def overconfidence(profile: TrustProfile, report: Mapping[str, Any]) -> Iterator[Step]:
    """Yield by how much the stated confidence is off, where the interval leaves no doubt."""
    for measure in calibration_measures(profile)[:1]:
        if (measure.ci_low or 0.0) > TOLERATED and measure.unit == "%":
            yield Step(
                Gravity.GRAVE if (measure.ci_low or 0.0) > GRAVE else Gravity.NOTABLE,
                f"Its confidence is off by {points(measure.value or 0.0)} on average (interval "
                f"{interval_of(measure)}): {_lean(measure)}.",
                _remedy(measure),
            )


def _lean(measure: Measure) -> str:
    too_sure = is_too_sure(calibrated_bins(measure))
    return "it is too sure of its answers" if too_sure else "it is not as sure as it could be"


def _remedy(measure: Measure) -> str:
    if len(diagrams_of(measure)) > 1:
        return (
            "It was calibrated on validation data and is still off, so the test data differ from "
            "them: calibrate on data like those it will meet, with `--calibration auto`."
        )
    return (
        "Calibrate it: tune with validation data and `--calibration auto`. Until then do not act on "
        "its percentages."
    )

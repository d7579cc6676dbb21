"""Groups of a protected attribute that are treated differently, beyond chance."""

from collections.abc import Iterator, Mapping
from typing import Any

from finetrust.core.profile import TrustProfile
from finetrust.report.names import in_sentence, subset_value
from finetrust.report.next_steps.step import Gravity, Step, finding
from finetrust.report.numbers import interval_of, points

GAPS = ("equalised_odds_gap", "demographic_parity_gap")
TOLERATED = 0.05
GRAVE = 0.20


@finding("unfair", order=45)
def unfair(profile: TrustProfile, report: Mapping[str, Any]) -> Iterator[Step]:
    """Yield the gaps of protected attributes that are more than chance."""
    for measure in (m for m in profile.axis("accuracy") if m.name in GAPS):
        if measure.value is None or (measure.ci_low or 0.0) <= TOLERATED:
            continue
        column = f" by “{subset_value(measure)}”" if measure.subset else ""
        yield Step(
            Gravity.GRAVE if (measure.ci_low or 0.0) > GRAVE else Gravity.NOTABLE,
            f"The {in_sentence(measure.title)}{column} is {points(measure.value)} (interval "
            f"{interval_of(measure)}): its groups are treated differently.",
            "Ask whether this does harm in your use. If so, add training data of the group that is "
            "worse off, or let a person decide there.",
        )

"""The measures that sentences are made of, where they were measured."""

from finetrust.core.measure import Measure
from finetrust.core.profile import TrustProfile
from finetrust.report.absent import of_other_tasks
from finetrust.report.judged import counted_items
from finetrust.report.numbers import interval_of


def measured(profile: TrustProfile, key: str) -> Measure | None:
    """Return the measure called `key`, or None where it is absent or does not apply."""
    return profile[key] if key in profile and profile[key].applies else None


def reason_against(measure: Measure | None) -> str:
    """Return why a measure has no value, or is not there at all."""
    if measure is None:
        return "it was not measured"
    if of_other_tasks(measure):
        return "no measure of it fits the answers of this model"
    return measure.reason or "it was not measured"


def figures(profile: TrustProfile, measure: Measure) -> str:
    """Return the interval of a measure and the number of items, for brackets: ``91.2–95.1 %, 200 images``."""
    return f"{interval_of(measure)}, {counted_items(profile, measure.n)}"


def weakest(measures: tuple[Measure, ...]) -> Measure | None:
    """Return the worst of the measures; of equal ones the one with most items."""
    found = [m for m in measures if m.value is not None]

    def rank(measure: Measure) -> tuple[float, int]:
        value = measure.value or 0.0
        return value if measure.better == "higher" else -value, -measure.n

    return min(found, key=rank, default=None)

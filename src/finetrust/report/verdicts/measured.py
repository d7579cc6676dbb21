"""The measures that sentences are made of, where they were measured."""

from finetrust.core.measure import Measure
from finetrust.core.profile import TrustProfile


def measured(profile: TrustProfile, key: str) -> Measure | None:
    """Return the measure called `key`, or None where it is absent or does not apply."""
    return profile[key] if key in profile and profile[key].applies else None


def reason_against(profile: TrustProfile, key: str) -> str:
    """Return why the measure called `key` has no value."""
    reason = profile[key].reason if key in profile else None
    return reason or "it was not measured"


def weakest(measures: tuple[Measure, ...]) -> Measure | None:
    """Return the lowest of the measures; of equal ones the one with most items."""
    found = [m for m in measures if m.value is not None]
    return min(found, key=lambda m: (m.value, -m.n), default=None)

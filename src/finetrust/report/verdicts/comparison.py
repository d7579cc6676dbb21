"""Sentences on how two runs compare on the same data."""

from finetrust.core.measure import Measure
from finetrust.core.profile import TrustProfile
from finetrust.report.judged import headline_of, noun_of
from finetrust.report.numbers import frequency, value_of
from finetrust.report.verdicts.measured import measured


def comparison_sentence(profile: TrustProfile, other: TrustProfile, name: str) -> str | None:
    """Return how the main figure of `profile` stands to that of the run called `name`.

    None where one of them does not have it, or where they were judged on different data.
    """
    ours = headline_of(profile, "accuracy")
    theirs = measured(other, ours.name) if ours is not None and ours.applies else None
    if ours is None or theirs is None or not same_data(profile, other):
        return None
    told = f"On the same {noun_of(profile.data)}, “{name}” {_reached(theirs)}."
    if _below(ours, theirs) or _below(theirs, ours):
        return (
            f"{told} The intervals of the two do not overlap: the difference is more than chance."
        )
    return f"{told} The intervals of the two overlap: the difference may be chance."


def _reached(measure: Measure) -> str:
    if measure.share and measure.value is not None:
        return f"is right in {frequency(measure.value)} cases"
    return f"reaches {value_of(measure)}"


def _below(low: Measure, high: Measure) -> bool:
    return low.ci_high is not None and high.ci_low is not None and low.ci_high < high.ci_low


def same_data(profile: TrustProfile, other: TrustProfile) -> bool:
    """Return whether two profiles are of the same items."""
    mark = profile.data.get("fingerprint")
    return mark is not None and mark == other.data.get("fingerprint")

"""Sentences on how two runs compare on the same data."""

from finetrust.core.profile import TrustProfile
from finetrust.report.numbers import frequency
from finetrust.report.verdicts.measured import measured


def comparison_sentence(profile: TrustProfile, other: TrustProfile, name: str) -> str | None:
    """Return how the accuracy of `profile` stands to that of the run called `name`.

    None where one of them has no accuracy, or where they were judged on different data.
    """
    ours, theirs = measured(profile, "accuracy"), measured(other, "accuracy")
    if ours is None or theirs is None or not same_data(profile, other):
        return None
    assert ours.value is not None
    assert theirs.value is not None
    told = f"On the same items, “{name}” is right in {frequency(theirs.value)} cases."
    apart = (ours.ci_low or 0) > (theirs.ci_high or 1) or (theirs.ci_low or 0) > (ours.ci_high or 1)
    if apart:
        return (
            f"{told} The intervals of the two do not overlap: the difference is more than chance."
        )
    return f"{told} The intervals of the two overlap: the difference may be chance."


def same_data(profile: TrustProfile, other: TrustProfile) -> bool:
    """Return whether two profiles are of the same items."""
    mark = profile.data.get("fingerprint")
    return mark is not None and mark == other.data.get("fingerprint")

"""Sentences on confidence: whether the probability that the model states can be believed."""

from collections.abc import Mapping
from typing import Any

from finetrust.core.measure import Measure
from finetrust.core.profile import TrustProfile
from finetrust.report.numbers import count, interval_of, percent, points
from finetrust.report.verdicts.measured import measured, reason_against


def confidence_sentences(profile: TrustProfile) -> list[str]:
    """Return how far stated confidence is from how often the model is right."""
    ece = measured(profile, "ece")
    if ece is None:
        reason = reason_against(profile, "ece")
        return [f"Whether its confidence can be believed is not known: {reason}."]
    bins = ece.details.get("after") or ece.details.get("before")
    return [_error(ece, bins), *(_surest(bins) if bins else [])]


def mean_confidence(bins: Mapping[str, Any]) -> float | None:
    """Return the mean confidence over all items of a reliability diagram."""
    total = sum(bins["count"])
    sums = [c * n for c, n in zip(bins["confidence"], bins["count"], strict=True) if n]
    return sum(sums) / total if total else None


def _error(ece: Measure, bins: Mapping[str, Any] | None) -> str:
    assert ece.value is not None
    assert ece.ci_high is not None
    if ece.ci_low == 0:
        return (
            f"On {count(ece.n)} items no error of its confidence can be shown; it may be off by up "
            f"to {points(ece.ci_high)} on average."
        )
    lean = _lean(bins) if bins else ""
    return (
        f"Its confidence is off by {points(ece.value)} on average (interval {interval_of(ece)})"
        f"{lean}."
    )


def _lean(bins: Mapping[str, Any]) -> str:
    confident, right = mean_confidence(bins), _mean_accuracy(bins)
    if confident is None or right is None:
        return ""
    word = "too sure" if confident > right else "not sure enough"
    return f": on the whole it is {word}, {percent(confident)} confident and {percent(right)} right"


def _mean_accuracy(bins: Mapping[str, Any]) -> float | None:
    total = sum(bins["count"])
    sums = [a * n for a, n in zip(bins["accuracy"], bins["count"], strict=True) if n]
    return sum(sums) / total if total else None


def _surest(bins: Mapping[str, Any]) -> list[str]:
    """Tell of the uppermost bin, which holds the answers that are acted on."""
    n, accuracy, edge = bins["count"][-1], bins["accuracy"][-1], bins["edges"][-2]
    if not n:
        return [f"It is never more than {edge:.0%} confident."]
    return [
        f"Of the {count(n)} answers given with more than {edge:.0%} confidence, "
        f"{count(round(accuracy * n))} were right."
    ]

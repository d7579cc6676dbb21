"""Sentences on confidence: whether the probability that the model states can be believed."""

from collections.abc import Mapping
from typing import Any

from finetrust.core.measure import Measure
from finetrust.core.profile import TrustProfile
from finetrust.report.absent import of_other_tasks
from finetrust.report.details import calibrated_bins, calibration_measures
from finetrust.report.judged import counted_items
from finetrust.report.names import in_sentence
from finetrust.report.numbers import count, interval_of, percent, points
from finetrust.report.verdicts.measured import reason_against


def confidence_sentences(profile: TrustProfile) -> list[str]:
    """Return how far stated confidence is from how often the model is right."""
    found = calibration_measures(profile)
    if not found:
        return _unknown(profile)
    told = [_error(profile, measure) for measure in found]
    if len(found) > 1:
        pairs = zip(found, told, strict=True)
        return [f"{measure.title}: {in_sentence(sentence)}" for measure, sentence in pairs]
    return [*told, *_surest(calibrated_bins(found[0]))]


def mean_confidence(bins: Mapping[str, Any]) -> float | None:
    """Return the mean confidence over all items of a reliability diagram."""
    total = sum(bins["count"])
    sums = [c * n for c, n in zip(bins["confidence"], bins["count"], strict=True) if n]
    return sum(sums) / total if total else None


def is_too_sure(bins: Mapping[str, Any]) -> bool:
    """Return whether over all items of a reliability diagram confidence exceeds what is right."""
    confident, right = mean_confidence(bins), _mean_accuracy(bins)
    return confident is not None and right is not None and confident > right


def _unknown(profile: TrustProfile) -> list[str]:
    named = [m for m in profile.axis("accuracy") if m.name.split("_")[-1] == "ece"]
    if named and all(map(of_other_tasks, named)):
        return ["It states no confidence that could be judged."]
    missing = next((m for m in named if not of_other_tasks(m)), None)
    return [f"Whether its confidence can be believed is not known: {reason_against(missing)}."]


def _error(profile: TrustProfile, measure: Measure) -> str:
    assert measure.value is not None
    assert measure.ci_high is not None
    if measure.ci_low == 0:
        return (
            f"On {counted_items(profile, measure.n)} no error of its confidence can be shown; it may "
            f"be off by up to {points(measure.ci_high)} on average."
        )
    lean = _lean(calibrated_bins(measure))
    return (
        f"Its confidence is off by {points(measure.value)} on average (interval "
        f"{interval_of(measure)}){lean}."
    )


def _lean(bins: Mapping[str, Any]) -> str:
    confident, right = mean_confidence(bins), _mean_accuracy(bins)
    if confident is None or right is None:
        return ""
    word = "too sure" if is_too_sure(bins) else "not sure enough"
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

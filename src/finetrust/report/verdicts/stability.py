"""Sentences on stability: what is left of the accuracy when inputs are disturbed."""

from finetrust.core.measure import Measure
from finetrust.core.profile import TrustProfile
from finetrust.report.names import subset_label, words
from finetrust.report.numbers import SPACE, percent, sentence_list
from finetrust.report.verdicts.measured import measured, reason_against, weakest


def stability_sentences(profile: TrustProfile) -> list[str]:
    """Return how far accuracy falls under disturbances, and under which of them most."""
    corrupted = measured(profile, "corruption_accuracy")
    if corrupted is None:
        return [f"Not known: {reason_against(profile, 'corruption_accuracy')}."]
    by_type = profile.subsets("corruption_accuracy")
    return [
        *_fall(profile, corrupted, by_type),
        *_hardest(corrupted, by_type),
        *_unanswered(profile),
    ]


def _fall(profile: TrustProfile, corrupted: Measure, by_type: tuple[Measure, ...]) -> list[str]:
    assert corrupted.value is not None
    names = [subset_label(measure).lower() for measure in by_type]
    kinds = f"{len(names)} kinds of disturbance" if len(names) > 1 else "one kind of disturbance"
    share = percent(corrupted.value)
    told = f"Under {kinds} ({sentence_list(names)}) it is right in {share} on average"
    kept = measured(profile, "relative_corruption_accuracy")
    if kept is None or not kept.value:
        return [f"{told}."]
    untouched = corrupted.value / kept.value
    return [f"{told}, against {percent(untouched)} on the same items untouched."]


def _hardest(corrupted: Measure, by_type: tuple[Measure, ...]) -> list[str]:
    lowest = weakest(by_type)
    if lowest is None or lowest.value is None or len(by_type) < 2:
        return []
    told = f"Hardest: {subset_label(lowest).lower()}, with {percent(lowest.value)}"
    cells = [
        (share, kind, severity)
        for kind, row in corrupted.details.items()
        for severity, share in row.items()
    ]
    share, kind, severity = min(cells, default=(None, "", ""))
    if share is None:
        return [f"{told}."]
    return [
        f"{told}. The lowest single figure is {percent(share)}, under {words(kind).lower()} of "
        f"severity{SPACE}{severity}."
    ]


def _unanswered(profile: TrustProfile) -> list[str]:
    missing = [m for m in profile.subsets("non_finite_outputs") if m.value]
    if not missing:
        return []
    kinds = sentence_list([subset_label(m).lower() for m in missing])
    return [f"Under {kinds} it returned no finite answer for some items."]

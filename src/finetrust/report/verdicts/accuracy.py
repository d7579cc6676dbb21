"""Sentences on accuracy: how often it is right, against guessing, and where it is weakest."""

from collections import defaultdict

from finetrust.core.measure import Measure
from finetrust.core.profile import TrustProfile
from finetrust.report.names import subset_kind, subset_value
from finetrust.report.numbers import (
    SPACE,
    count,
    frequency,
    frequency_range,
    hits,
    interval_of,
    percent,
)
from finetrust.report.verdicts.measured import measured, reason_against, weakest


def accuracy_sentences(profile: TrustProfile) -> list[str]:
    """Return how often the model is right, and how that compares with guessing, for whom least."""
    accuracy = measured(profile, "accuracy")
    if accuracy is None or accuracy.value is None:
        return [f"How often it is right is not known: {reason_against(profile, 'accuracy')}."]
    return [
        f"Right in {count(hits(accuracy))} of {count(accuracy.n)} items.",
        *_against_guessing(profile),
        *_weakest_class(profile.subsets("recall")),
        *_weakest_groups(profile.subsets("subgroup_accuracy")),
    ]


def headline(accuracy: Measure) -> str:
    """Return the accuracy as one sentence with its interval, for the top of a report."""
    assert accuracy.value is not None
    assert accuracy.ci_low is not None
    assert accuracy.ci_high is not None
    bounds = frequency_range(accuracy.ci_low, accuracy.ci_high)
    return (
        f"Right in about {frequency(accuracy.value)} cases. It was judged on "
        f"{count(accuracy.n)} items, so the true figure most likely lies between {bounds} "
        f"(95{SPACE}% interval)."
    )


def _against_guessing(profile: TrustProfile) -> list[str]:
    n = [measure.n for measure in profile.subsets("recall")]
    if len(n) < 2:
        return []
    return [
        f"Always answering the most frequent class would be right in {percent(max(n) / sum(n))}."
    ]


def _weakest_class(recalls: tuple[Measure, ...]) -> list[str]:
    lowest = weakest(recalls)
    if lowest is None or len(recalls) < 2:
        return []
    if lowest.value == 1:
        return ["Every class was recognised in all of its items."]
    return [
        f"Weakest class: “{subset_value(lowest)}”, recognised in {count(hits(lowest))} of "
        f"{count(lowest.n)} items (interval {interval_of(lowest)})."
    ]


def _weakest_groups(groups: tuple[Measure, ...]) -> list[str]:
    columns: dict[str, list[Measure]] = defaultdict(list)
    for group in groups:
        columns[subset_kind(group)].append(group)
    told = []
    for column, members in columns.items():
        lowest = weakest(tuple(members))
        if lowest is not None and len(members) > 1:
            told.append(
                f"By “{column}” it is weakest for “{subset_value(lowest)}”: right in "
                f"{count(hits(lowest))} of {count(lowest.n)} (interval {interval_of(lowest)})."
            )
    return told

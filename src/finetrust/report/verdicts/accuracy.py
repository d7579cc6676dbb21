"""Sentences on whether it is right: how often, against simpler answers, and for which class least."""

import re

from finetrust.core.measure import Measure
from finetrust.core.profile import TrustProfile
from finetrust.report.judged import counted_items, headline_of, noun_of
from finetrust.report.names import plural, subset_kind, subset_value
from finetrust.report.numbers import (
    SPACE,
    count,
    frequency,
    frequency_range,
    hits,
    interval_of,
    percent,
    points,
    quantity,
    range_of,
    value_of,
)
from finetrust.report.verdicts.measured import measured, reason_against, weakest
from finetrust.report.verdicts.parts import class_parts


def accuracy_sentences(profile: TrustProfile) -> list[str]:
    """Return how good the answers are, how that compares with guessing, and the weakest class."""
    main = headline_of(profile, "accuracy")
    if main is None or not main.applies:
        return [f"How often it is right is not known: {reason_against(main)}."]
    parts = class_parts(profile)
    return [
        _right(profile, main) if main.share else meaning(main),
        *(_against_guessing(parts) if main.share else []),
        *_gain(profile),
        *_weakest_class(parts),
    ]


def headline(profile: TrustProfile) -> str | None:
    """Return the main figure as one sentence with its interval, for the top of a report."""
    main = headline_of(profile, "accuracy")
    if main is None or main.value is None or main.ci_low is None or main.ci_high is None:
        return None
    if main.share:
        told = f"Right in about {frequency(main.value)} cases."
        bounds = frequency_range(main.ci_low, main.ci_high)
    else:
        told = f"{main.title}: {value_of(main)}."
        bounds = range_of(main)
    return (
        f"{told} It was judged on {counted_items(profile, main.n)}, so the true figure most likely "
        f"lies between {bounds} (95{SPACE}% interval)."
    )


def meaning(measure: Measure) -> str:
    """Return what the value of a measure says: its meaning, or how it is computed in one sentence."""
    return measure.meaning or re.split(r"(?<=[.])\s", measure.method.strip(), maxsplit=1)[0]


def baseline_sentence(profile: TrustProfile) -> str | None:
    """Return what a plain model reaches on the same items; None if there is none."""
    main = headline_of(profile, "accuracy")
    baseline = measured(profile, f"baseline_{main.name}") if main else None
    if baseline is None:
        return None
    told = (
        f"A plain model trained on the same data reaches {value_of(baseline)} on the same "
        f"{noun_of(profile.data)}."
    )
    return f"{told} {baseline.meaning}".strip()


def _right(profile: TrustProfile, main: Measure) -> str:
    return f"Right in {count(hits(main))} of {counted_items(profile, main.n)}."


def _gain(profile: TrustProfile) -> list[str]:
    gains = [m for m in profile.measures if m.name.startswith("gain_over_baseline")]
    gain = next((m for m in gains if m.applies and not m.subset), None)
    if gain is None or gain.value is None or gain.ci_low is None or gain.ci_high is None:
        return []
    size = points(abs(gain.value)) if gain.unit == "%" else quantity(abs(gain.value), gain.unit)
    plain = "a plain model trained on the same data"
    if gain.ci_low > 0:
        return [f"Its gain of {size} over {plain} is more than chance."]
    if gain.ci_high < 0:
        return [f"It is worse than {plain}, by {size}: use that one."]
    return [f"That it differs from {plain} may be chance."]


def _against_guessing(parts: tuple[Measure, ...]) -> list[str]:
    n = [measure.n for measure in parts]
    if len(n) < 2:
        return []
    return [
        f"Always answering the most frequent class would be right in {percent(max(n) / sum(n))}."
    ]


def _weakest_class(parts: tuple[Measure, ...]) -> list[str]:
    lowest = weakest(parts)
    if lowest is None or len(parts) < 2:
        return []
    kind = subset_kind(lowest)
    if not lowest.share:
        return [
            f"Weakest {kind}: “{subset_value(lowest)}”, with {value_of(lowest)} (interval "
            f"{interval_of(lowest)}), among {count(len(parts))} {plural(kind)}."
        ]
    if lowest.value == 1:
        return [f"Every {kind} was recognised in all of its items."]
    return [
        f"Weakest {kind}: “{subset_value(lowest)}”, recognised in {count(hits(lowest))} of "
        f"{count(lowest.n)} items (interval {interval_of(lowest)})."
    ]

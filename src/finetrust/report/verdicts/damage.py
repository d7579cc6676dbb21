"""Sentences on damaged inputs: what is left of the main figure, and whether confidence falls with it."""

from collections.abc import Mapping
from typing import Any

from finetrust.core.measure import Measure
from finetrust.core.profile import TrustProfile
from finetrust.report.details import number_in, rows_in
from finetrust.report.judged import headline_of, noun_of
from finetrust.report.names import in_sentence, subset_label, term
from finetrust.report.numbers import (
    SPACE,
    interval_of,
    points,
    quantity,
    sentence_list,
    value_of,
)
from finetrust.report.verdicts.measured import figures, measured, weakest


def damage_sentences(profile: TrustProfile) -> list[str]:
    """Return how far the main figure falls under damage, under which most, and what confidence does."""
    disturbed = headline_of(profile, "stability")
    if disturbed is None or not disturbed.applies:
        return []
    by_type = profile.subsets(disturbed.name)
    return [
        *_fall(profile, disturbed, by_type),
        *_hardest(disturbed, by_type),
        *_confidence(profile),
    ]


def untouched_value(profile: TrustProfile, disturbed: Measure) -> float | None:
    """Return the value without disturbance, on the very items that were disturbed."""
    kept = measured(profile, f"relative_{disturbed.name}")
    if kept is not None and kept.value and disturbed.value is not None:
        return disturbed.value / kept.value
    main, known = headline_of(profile, "accuracy"), headline_of(profile, "stability")
    same = known is not None and known.name == disturbed.name
    return main.value if same and main is not None else None


def untouched_point(measure: Measure) -> Mapping[str, Any] | None:
    """Return the figures of the same items untouched, from a curve over severities."""
    rows = rows_in(measure.details, "curve", "severity")
    return next((row for row in rows if row["severity"] == 0), None)


def _fall(profile: TrustProfile, disturbed: Measure, by_type: tuple[Measure, ...]) -> list[str]:
    names = [in_sentence(subset_label(measure)) for measure in by_type]
    kinds = f"{len(names)} kinds of disturbance" if len(names) > 1 else "one kind of disturbance"
    listed = f" ({sentence_list(names)})" if 0 < len(names) <= 6 else ""
    verb = "is right in" if disturbed.share else "reaches"
    told = (
        f"Under {kinds}{listed} it {verb} {value_of(disturbed)} on average "
        f"({figures(profile, disturbed)})"
    )
    if measured(profile, f"relative_{disturbed.name}") is None:
        return [f"{told}."]
    untouched = untouched_value(profile, disturbed)
    return [
        f"{told}, against {quantity(untouched, disturbed.unit)} on the same "
        f"{noun_of(profile.data)} untouched."
    ]


def _hardest(disturbed: Measure, by_type: tuple[Measure, ...]) -> list[str]:
    lowest = weakest(by_type)
    if lowest is None or lowest.value is None or len(by_type) < 2:
        return []
    told = f"Hardest: {in_sentence(subset_label(lowest))}, with {value_of(lowest)}."
    cells = [
        (value, kind, severity)
        for kind, row in disturbed.details.items()
        for severity, value in row.items()
        if value is not None
    ]
    if len(cells) <= len(by_type):
        return [told]
    worst = min if disturbed.better == "higher" else max
    value, kind, severity = worst(cells)
    return [
        f"{told} The {'lowest' if worst is min else 'highest'} single figure is "
        f"{quantity(value, disturbed.unit)}, under {in_sentence(term(kind))} of "
        f"severity{SPACE}{severity}."
    ]


def _confidence(profile: TrustProfile) -> list[str]:
    error = measured(profile, "corruption_ece")
    if error is None or error.value is None:
        return []
    untouched = number_in(untouched_point(error) or {}, "ece")
    against = "" if untouched is None else f", against {points(untouched)} untouched"
    gap = measured(profile, "corruption_confidence_gap")
    lean = ""
    if gap is not None and (gap.ci_low or 0.0) > 0:
        lean = ": it is too sure there"
    elif gap is not None and (gap.ci_high or 0.0) < 0:
        lean = ": it is not as sure there as it could be"
    return [
        f"Its confidence is then off by {points(error.value)} on average (interval "
        f"{interval_of(error)}){against}{lean}."
    ]

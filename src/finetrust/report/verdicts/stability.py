"""Sentences on stability: what is left of the main figure when inputs are disturbed."""

from finetrust.core.measure import Measure
from finetrust.core.profile import TrustProfile
from finetrust.report.judged import headline_of, noun_of
from finetrust.report.names import subset_label, words
from finetrust.report.numbers import SPACE, quantity, sentence_list, value_of
from finetrust.report.verdicts.measured import measured, reason_against, weakest


def stability_sentences(profile: TrustProfile) -> list[str]:
    """Return how far the main figure falls under disturbances, and under which of them most."""
    disturbed = headline_of(profile, "stability")
    if disturbed is None or not disturbed.applies:
        return [f"Not known: {reason_against(disturbed)}."]
    by_type = profile.subsets(disturbed.name)
    return [
        *_fall(profile, disturbed, by_type),
        *_hardest(disturbed, by_type),
        *_unanswered(profile),
    ]


def untouched_value(profile: TrustProfile, disturbed: Measure) -> float | None:
    """Return the value without disturbance, on the very items that were disturbed."""
    kept = measured(profile, f"relative_{disturbed.name}")
    if kept is not None and kept.value and disturbed.value is not None:
        return disturbed.value / kept.value
    main, known = headline_of(profile, "accuracy"), headline_of(profile, "stability")
    same = known is not None and known.name == disturbed.name
    return main.value if same and main is not None else None


def _fall(profile: TrustProfile, disturbed: Measure, by_type: tuple[Measure, ...]) -> list[str]:
    names = [subset_label(measure).lower() for measure in by_type]
    kinds = f"{len(names)} kinds of disturbance" if len(names) > 1 else "one kind of disturbance"
    listed = f" ({sentence_list(names)})" if names else ""
    verb = "is right in" if disturbed.share else "reaches"
    told = f"Under {kinds}{listed} it {verb} {value_of(disturbed)} on average"
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
    told = f"Hardest: {subset_label(lowest).lower()}, with {value_of(lowest)}."
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
        f"{quantity(value, disturbed.unit)}, under {words(kind).lower()} of "
        f"severity{SPACE}{severity}."
    ]


def _unanswered(profile: TrustProfile) -> list[str]:
    missing = [m for m in profile.subsets("non_finite_outputs") if m.value]
    if not missing:
        return []
    kinds = sentence_list([subset_label(m).lower() for m in missing])
    return [f"Under {kinds} it returned no finite answer for some items."]

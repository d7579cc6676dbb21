"""Sentences on inputs of no class that the model knows: whether it tells them, and what it marks in vain."""

from collections.abc import Iterator

from finetrust.core.profile import TrustProfile
from finetrust.report.numbers import frequency, sentence_list, value_of
from finetrust.report.verdicts.measured import figures, measured

DISTANCES = {"near": "inputs of unknown classes", "far": "inputs quite unlike its data"}


def unfamiliar_sentences(profile: TrustProfile) -> list[str]:
    """Return how often unfamiliar inputs look stranger than ordinary ones, and what is marked."""
    return [*_told_apart(profile), *_marked(profile)]


def _told_apart(profile: TrustProfile) -> Iterator[str]:
    told: list[str] = []
    for distance, what in DISTANCES.items():
        measure = measured(profile, f"ood_auroc_{distance}")
        if measure is not None and measure.value is not None:
            than = "" if told else " stranger than ordinary ones"
            found = f"{frequency(measure.value)} pairs ({figures(profile, measure)})"
            told.append(f"{what}{than} in {found}")
    if told:
        yield f"It finds {sentence_list(told)}; chance is 50 of 100."


def _marked(profile: TrustProfile) -> Iterator[str]:
    alarms = measured(profile, "ood_false_alarm_rate")
    rates = [
        f"{value_of(rate)} of the {what}"
        for distance, what in DISTANCES.items()
        if (rate := measured(profile, f"ood_detection_rate_{distance}")) is not None
    ]
    if alarms is not None:
        marked = f"It marks {sentence_list(rates)} as unfamiliar, and" if rates else "It marks"
        yield (
            f"{marked} {value_of(alarms)} of the ordinary ones in vain ("
            f"{figures(profile, alarms)})."
        )

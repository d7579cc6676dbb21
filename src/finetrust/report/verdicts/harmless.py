"""Sentences on changes that do not matter: how many answers flip, and under which change most."""

from finetrust.core.measure import Measure
from finetrust.core.profile import TrustProfile
from finetrust.report.judged import counted_items
from finetrust.report.names import in_sentence, subset_label
from finetrust.report.numbers import count, hits, interval_of, value_of
from finetrust.report.verdicts.measured import measured, weakest


def harmless_sentences(profile: TrustProfile) -> list[str]:
    """Return how many answers some harmless change flips, and how many are right throughout."""
    flips = measured(profile, "harmless_any_flip")
    if flips is None:
        return []
    told = (
        f"A harmless change flips the answer about {count(hits(flips))} of "
        f"{counted_items(profile, flips.n)} ({interval_of(flips)}){_most(profile, flips)}."
    )
    worst = measured(profile, "harmless_worst_case_accuracy")
    if worst is None:
        return [told]
    return [
        told,
        f"Right whichever of the changes is made: {value_of(worst)} ({interval_of(worst)}).",
    ]


def _most(profile: TrustProfile, flips: Measure) -> str:
    parts = tuple(m for m in profile.subsets(flips.name) if m.applies)
    worst = weakest(parts)
    if worst is None or not worst.value or len(parts) < 2:
        return ""
    return f", most often {in_sentence(subset_label(worst))}: {value_of(worst)}"

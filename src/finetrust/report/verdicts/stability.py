"""Sentences on stability: the first that there is to say about each question of the axis."""

from finetrust.core.profile import TrustProfile
from finetrust.report.judged import headline_of
from finetrust.report.verdicts.attack import attack_sentences
from finetrust.report.verdicts.damage import damage_sentences
from finetrust.report.verdicts.harmless import harmless_sentences
from finetrust.report.verdicts.measured import measured, reason_against
from finetrust.report.verdicts.numerics import flips, unanswered
from finetrust.report.verdicts.retrained import retrained_sentences
from finetrust.report.verdicts.unfamiliar import unfamiliar_sentences


def stability_sentences(profile: TrustProfile) -> list[str]:
    """Return the fall under damage with the hardest kind, and one sentence about each other question."""
    told = [
        *damage_sentences(profile)[:2],
        *harmless_sentences(profile)[:1],
        *attack_sentences(profile)[:1],
        *unfamiliar_sentences(profile)[:1],
        *retrained_sentences(profile)[:1],
        *(flips(profile) if _some_flip(profile) else ()),
        *unanswered(profile),
    ]
    return told or [f"Not known: {reason_against(headline_of(profile, 'stability'))}."]


def _some_flip(profile: TrustProfile) -> bool:
    measure = measured(profile, "numerics_flips")
    return measure is not None and bool(measure.value)

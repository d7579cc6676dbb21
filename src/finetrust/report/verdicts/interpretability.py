"""Sentences on interpretability: what explanations are worth, what they show, and what is shown of them."""

from collections.abc import Callable

from finetrust.core.profile import TrustProfile
from finetrust.report.alarms import alarms, warning_of
from finetrust.report.names import plural
from finetrust.report.numbers import counted, sentence_list, value_of
from finetrust.report.strips import explanations_of
from finetrust.report.verdicts.believed import believed_sentences
from finetrust.report.verdicts.concept import concept_sentences
from finetrust.report.verdicts.explained import explained_sentences, faithful
from finetrust.report.verdicts.located import located_sentences
from finetrust.report.verdicts.measured import measured
from finetrust.report.verdicts.shortcuts import shortcut_sentences

CASES = {
    "confident error": ("confident error", "confident errors"),
    "random correct": ("correct case drawn at random", "correct cases drawn at random"),
}


def interpretability_sentences(profile: TrustProfile) -> list[str]:
    """Return the alarms, one sentence about each question of the axis, and which pictures there are."""
    told = [
        *alarms(profile),
        *(list(faithful(profile)) or explained_sentences(profile))[:1],
        *_without_alarm(profile, "weight_randomisation", believed_sentences),
        *located_sentences(profile)[:1],
        *_without_alarm(profile, "shortcut_reliance", shortcut_sentences),
        *concept_sentences(profile)[:1],
    ]
    return [*told, _pictures(profile), *([] if told else _figures(profile))]


def _without_alarm(
    profile: TrustProfile, name: str, sentences: Callable[[TrustProfile], list[str]]
) -> list[str]:
    """Return the first sentence about a question, unless a measure of it has raised an alarm."""
    measure = measured(profile, name)
    calm = measure is None or warning_of(measure) is None
    return sentences(profile)[:1] if calm else []


def _pictures(profile: TrustProfile) -> str:
    pictures = explanations_of(profile)
    kinds = [str(picture.get("kind", "case")) for picture in pictures]
    if not kinds:
        return "No single decisions are shown."
    counts = [_counted(kinds.count(kind), kind) for kind in dict.fromkeys(kinds)]
    shown = {"words" if picture.get("tokens") else "places" for picture in pictures}
    return (
        f"{counted(len(kinds), 'decision is', 'decisions are')} shown with the "
        f"{' or '.join(sorted(shown))} that spoke for the answer: {sentence_list(counts)}."
    )


def _counted(n: int, kind: str) -> str:
    return counted(n, *CASES.get(kind, (kind, plural(kind))))


def _figures(profile: TrustProfile) -> list[str]:
    figures = [m for m in profile.axis("interpretability") if m.applies and not m.subset]
    if figures:
        return [f"Measured: {sentence_list([f'{m.title} {value_of(m)}' for m in figures])}."]
    if not explanations_of(profile):
        return []
    return [
        "How faithful such explanations are to the model was not measured: take them as hints, not "
        "as proof."
    ]

"""Sentences on interpretability: what is shown of the reasons, and how far it can be believed."""

from finetrust.core.profile import TrustProfile
from finetrust.report.names import plural
from finetrust.report.numbers import counted, sentence_list, value_of
from finetrust.report.strips import explanations_of

CASES = {
    "confident error": ("confident error", "confident errors"),
    "random correct": ("correct case drawn at random", "correct cases drawn at random"),
}


def interpretability_sentences(profile: TrustProfile) -> list[str]:
    """Return which pictures there are, and whether any figure says how faithful they are."""
    return [_pictures(profile), *_figures(profile)]


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

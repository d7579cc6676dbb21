"""Sentences on interpretability: what is shown of the reasons, and how far it can be believed."""

from finetrust.core.profile import TrustProfile
from finetrust.report.numbers import sentence_list, value_of

CASES = {
    "confident error": ("confident error", "confident errors"),
    "random correct": ("correct case drawn at random", "correct cases drawn at random"),
}


def interpretability_sentences(profile: TrustProfile) -> list[str]:
    """Return which pictures there are, and whether any figure says how faithful they are."""
    return [_pictures(profile), _figures(profile)]


def _pictures(profile: TrustProfile) -> str:
    kinds = [str(picture.get("kind", "case")) for picture in profile.pictures]
    if not kinds:
        return "No pictures of single decisions were made."
    counts = [_counted(kinds.count(kind), kind) for kind in dict.fromkeys(kinds)]
    return (
        f"{len(kinds)} decisions are shown with the places that spoke for the answer: "
        f"{sentence_list(counts)}."
    )


def _counted(n: int, kind: str) -> str:
    one, many = CASES.get(kind, (kind, kind))
    return f"{n} {one if n == 1 else many}"


def _figures(profile: TrustProfile) -> str:
    figures = [m for m in profile.axis("interpretability") if m.applies and not m.subset]
    if not figures:
        return (
            "How faithful such pictures are to the model was not measured: take them as hints, "
            "not as proof."
        )
    return f"Measured: {sentence_list([f'{m.title} {value_of(m)}' for m in figures])}."

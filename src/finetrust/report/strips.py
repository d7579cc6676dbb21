"""The pictures of a profile: strips of examples, explanations, and how their panels are put into words."""

from collections.abc import Mapping, Sequence
from typing import Any

from finetrust.core.profile import TrustProfile
from finetrust.report.names import in_sentence, term, words
from finetrust.report.numbers import SPACE

Picture = Mapping[str, Any]

BESIDE = ("neighbours", "other_class", "helpful")
"""Lists of training items in an explanation: the most similar ones, the nearest of another class, and what
taught the answer most."""

TYPICAL = ("prototypes", "criticisms")
"""Lists of training items that stand for a class, and of such as are unlike those."""


def strips_of(profile: TrustProfile | None) -> list[Picture]:
    """Return the pictures that are strips of panels."""
    return [picture for picture in profile.pictures if panels_of(picture)] if profile else []


def explanations_of(profile: TrustProfile) -> list[Picture]:
    """Return the pictures that show what spoke for a decision."""
    others = [*strips_of(profile), *representatives_of(profile)]
    return [picture for picture in profile.pictures if picture not in others]


def representatives_of(profile: TrustProfile | None) -> list[Picture]:
    """Return the pictures that show what stands for a class."""
    found = profile.pictures if profile else ()
    return [picture for picture in found if any(items_of(picture, TYPICAL).values())]


def panels_of(picture: Picture) -> Sequence[Picture]:
    """Return the panels of a picture; empty if it is no strip."""
    panels = picture.get("panels")
    if not isinstance(panels, list | tuple):
        return ()
    return [panel for panel in panels if isinstance(panel, Mapping)]


def panel_title(panel: Picture) -> str:
    """Return what a panel shows."""
    kind, name = str(panel.get("kind")), term(str(panel.get("type") or ""))
    size = panel.get("size")
    if kind == "corruption":
        return f"{name}, severity {panel.get('severity')} of {panel.get('of')}"
    if kind == "harmless":
        change = str(panel.get("change")).replace("-", SPACE)
        return f"Harmless: {in_sentence(name)}, {change}"
    if kind == "attack" and isinstance(size, int | float):
        return f"Attack: every colour moved by {size:.1f} of 255 levels at most"
    if kind == "difference":
        return f"Its change, enlarged {panel.get('enlarged')}{SPACE}times"
    if kind == "withstood" and isinstance(size, int | float):
        return f"No attack of up to {size:.0f} of 255 levels was found to break it"
    return words(kind)


def items_of(picture: Picture, parts: Sequence[str] = BESIDE) -> Mapping[str, Sequence[Picture]]:
    """Return the training items in a picture, by why they stand there."""
    found = {}
    for part in parts:
        shown = picture.get(part)
        if isinstance(shown, list | tuple):
            found[part] = [item for item in shown if isinstance(item, Mapping)]
    return found


def files_of(pictures: Sequence[Picture]) -> list[str]:
    """Return the files of all that some pictures show."""
    shown = [part for picture in pictures for part in _parts(picture)]
    return [str(part[key]) for part in shown for key in ("file", "overlay") if part.get(key)]


def _parts(picture: Picture) -> list[Picture]:
    lists = items_of(picture, (*BESIDE, *TYPICAL)).values()
    training = [item for items in lists for item in items]
    return [picture, *panels_of(picture), *training]

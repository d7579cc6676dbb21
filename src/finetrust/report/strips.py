"""The strips of examples among the pictures of a profile, and how their panels are put into words."""

from collections.abc import Mapping, Sequence
from typing import Any

from finetrust.core.profile import TrustProfile
from finetrust.report.names import in_sentence, term, words
from finetrust.report.numbers import SPACE

Picture = Mapping[str, Any]


def strips_of(profile: TrustProfile | None) -> list[Picture]:
    """Return the pictures that are strips of panels."""
    return [picture for picture in profile.pictures if panels_of(picture)] if profile else []


def explanations_of(profile: TrustProfile) -> list[Picture]:
    """Return the pictures that show what spoke for a decision."""
    return [picture for picture in profile.pictures if not panels_of(picture)]


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


def files_of(pictures: Sequence[Picture]) -> list[str]:
    """Return the files of the panels of some strips."""
    return [
        str(panel["file"])
        for picture in pictures
        for panel in panels_of(picture)
        if panel.get("file")
    ]

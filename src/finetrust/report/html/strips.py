"""The strips of examples in the page: one row an item, one panel a trial."""

from collections.abc import Mapping
from typing import Any

from markupsafe import Markup

from finetrust.report.html.template import fill
from finetrust.report.names import plural, shortened, words
from finetrust.report.report_data import ReportData
from finetrust.report.strips import panel_title, panels_of, strips_of

ANCHOR, TITLE = "topic-examples", "What it looks like"
LONGEST_TEXT = 400
KINDS = {
    "answer that flips": "Right, until {change} the answer",
    "answer that holds": "Right, also where {change} other answers",
    "right answer": "Right, drawn at random",
    "wrong answer": "Wrong already untouched, drawn at random",
}
CHANGES = {True: "typos flip", False: "a harmless change flips"}


def strips_part(data: ReportData) -> Markup:
    """Return the strips by kind; nothing where there are none."""
    groups: dict[str, list[dict[str, Any]]] = {}
    for picture in strips_of(data.profile):
        kind = str(picture.get("kind") or "example")
        groups.setdefault(kind, []).append(_strip(picture, data))
    if not groups:
        return Markup("")
    return fill(
        "strips.html.j2",
        anchor=ANCHOR,
        title=TITLE,
        groups=[
            (_heading(kind, any(strip["texts"] for strip in members)), members)
            for kind, members in groups.items()
        ],
        inputs=data.inputs,
    )


def _heading(kind: str, texts: bool) -> str:
    known = KINDS.get(kind)
    return known.format(change=CHANGES[texts]) if known else words(plural(kind))


def _strip(picture: Mapping[str, Any], data: ReportData) -> dict[str, Any]:
    panels = [_panel(panel, data.pictures) for panel in panels_of(picture)]
    return {
        "id": picture.get("id", ""),
        "target": picture.get("target", ""),
        "panels": panels,
        "texts": any(panel["text"] for panel in panels),
    }


def _panel(panel: Mapping[str, Any], pictures: Mapping[str, str]) -> dict[str, Any]:
    file, text = panel.get("file"), panel.get("text")
    confidence = panel.get("confidence")
    return {
        "title": panel_title(panel),
        "picture": pictures.get(str(file)) if file else None,
        "missing": bool(file) and str(file) not in pictures,
        "text": shortened(text, LONGEST_TEXT) if isinstance(text, str) else "",
        "answers": "predicted" in panel,
        "predicted": panel.get("predicted"),
        "confidence": confidence if isinstance(confidence, int | float) else None,
        "right": panel.get("right") is True,
    }

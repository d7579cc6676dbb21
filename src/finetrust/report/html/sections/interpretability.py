"""Interpretability: single decisions with what spoke for them, and question by question what was found."""

from collections.abc import Mapping, Sequence
from typing import Any

from markupsafe import Markup

from finetrust.core.measure import Measure, Topic
from finetrust.report.html.section import section
from finetrust.report.html.template import fill
from finetrust.report.html.topic import anchor_of, topic_part
from finetrust.report.html.weighted_text import weighted_text
from finetrust.report.judged import measures_of
from finetrust.report.names import plural, shortened, words
from finetrust.report.report_data import ReportData
from finetrust.report.strips import (
    BESIDE,
    TYPICAL,
    explanations_of,
    items_of,
    representatives_of,
)
from finetrust.report.topics import QUESTIONS, by_topic

ANCHOR, TITLE = "topic-decisions", "Single decisions"
CLASSES_ANCHOR, CLASSES_TITLE = "topic-classes", "What its classes look like"
LONGEST_TEXT = 400
SHOWN = 3
FEWEST_COLUMNS = 6
FOLDED_KINDS = ("method", "methods", "replacement", "change", "against", "class")
HEADINGS: Mapping[str, tuple[str, str]] = {
    "confident error": ("Most confident errors", "Wrong, and the surest of it: look here first."),
    "random correct": ("Correct cases", "Drawn at random among the right answers, for comparison."),
    "missed object": ("Missed objects", "The largest objects of which no box was found."),
    "worst image": ("Worst images", "Those that it gets most wrong: look here first."),
    "random image": ("Random images", "Drawn at random among all others, for comparison."),
}
WHY = {
    "prototypes": "typical",
    "criticisms": "unlike these",
    "neighbours": "similar",
    "other_class": "other class",
    "helpful": "taught it most",
}


def _parts(data: ReportData) -> list[tuple[str, str]]:
    shown = data.profile is not None and bool(explanations_of(data.profile))
    asked = [(anchor_of(topic), QUESTIONS[topic]) for topic in _topics(data) if QUESTIONS[topic]]
    classes = [(CLASSES_ANCHOR, CLASSES_TITLE)] if representatives_of(data.profile) else []
    return [*([(ANCHOR, TITLE)] if shown else []), *asked, *classes]


@section("interpretability", order=50, title="Interpretability", parts=_parts)
def interpretability(data: ReportData) -> Markup | None:
    """Return the decisions by kind, and the parts of the axis, question by question."""
    topics = _topics(data)
    pictures = explanations_of(data.profile) if data.profile else []
    classes = representatives_of(data.profile)
    if not (pictures or topics or classes):
        return None
    maps = [picture for picture in pictures if picture.get("overlay")]
    texts = [picture for picture in pictures if picture.get("tokens")]
    return fill(
        "sections/interpretability.html.j2",
        anchor=ANCHOR,
        title=TITLE if topics else "",
        groups=_groups(pictures, data),
        shown=SHOWN,
        has_maps=bool(maps),
        is_signed=any(picture.get("signed") is True for picture in maps),
        methods=_each_once(maps, "method_title"),
        has_texts=bool(texts),
        words_against=any(picture.get("signed") is not False for picture in texts),
        word_methods=_each_once(texts, "method_title"),
        warnings=_each_once(pictures, "warning"),
        classes=[{**shown, "panels": _panels(shown, data, TYPICAL)} for shown in classes],
        classes_anchor=CLASSES_ANCHOR,
        classes_title=CLASSES_TITLE,
        inputs=data.inputs,
        pictures=data.pictures,
        weighted_text=weighted_text,
        parts=[
            topic_part(topic, measures, data, FOLDED_KINDS) for topic, measures in topics.items()
        ],
    )


def _each_once(pictures: Sequence[Mapping[str, Any]], key: str) -> list[str]:
    return list(dict.fromkeys(str(picture[key]) for picture in pictures if picture.get(key)))


def _topics(data: ReportData) -> dict[Topic, list[Measure]]:
    if data.profile is None:
        return {}
    return by_topic(measures_of(data.profile, "interpretability"))


def _groups(pictures: Sequence[Mapping[str, Any]], data: ReportData) -> list[dict[str, Any]]:
    by_kind: dict[str, list[Mapping[str, Any]]] = {}
    for picture in pictures:
        by_kind.setdefault(str(picture.get("kind") or "case"), []).append(picture)
    groups = []
    for kind, members in by_kind.items():
        name = words(kind if len(members) == 1 else plural(kind))
        title, about = HEADINGS.get(kind, (name, ""))
        texts = any(member.get("tokens") for member in members)
        cases = [_case(member, data) for member in members]
        groups.append(
            {
                "title": title,
                "about": about,
                "cases": cases,
                "texts": texts,
                "strips": not texts and any(case["panels"] for case in cases),
            }
        )
    return groups


def _case(picture: Mapping[str, Any], data: ReportData) -> dict[str, Any]:
    panels = _panels(picture, data)
    own = sum(bool(picture.get(part)) for part in ("file", "overlay"))
    return {**picture, "panels": panels, "n_panels": max(own + len(panels), FEWEST_COLUMNS)}


def _panels(
    picture: Mapping[str, Any], data: ReportData, parts: Sequence[str] = BESIDE
) -> list[dict[str, Any]]:
    """Return the training items of a picture that are drawn or quoted, each with why and its class."""
    return [
        {
            "why": WHY[part],
            "id": str(item.get("id", "")),
            "label": item.get("label", ""),
            "same": item.get("label") == picture.get("predicted"),
            "picture": data.pictures.get(str(item.get("file"))),
            "text": shortened(item["text"], LONGEST_TEXT) if item.get("text") else "",
        }
        for part, items in items_of(picture, parts).items()
        for item in items
        if item.get("file") or item.get("text")
    ]

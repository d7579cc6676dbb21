"""Interpretability: single decisions with what spoke for them, and measures."""

from collections.abc import Mapping, Sequence
from typing import Any

from markupsafe import Markup

from finetrust.report.html.section import section
from finetrust.report.html.template import fill
from finetrust.report.html.topic import topic_part
from finetrust.report.html.weighted_text import weighted_text
from finetrust.report.judged import measures_of
from finetrust.report.names import plural, words
from finetrust.report.report_data import ReportData
from finetrust.report.strips import explanations_of

HEADINGS: Mapping[str, tuple[str, str]] = {
    "confident error": ("Most confident errors", "Wrong, and the surest of it: look here first."),
    "random correct": ("Correct cases", "Drawn at random among the right answers, for comparison."),
    "missed object": ("Missed objects", "The largest objects of which no box was found."),
    "worst image": ("Worst images", "Those that it gets most wrong: look here first."),
    "random image": ("Random images", "Drawn at random among all others, for comparison."),
}


@section("interpretability", order=50, title="Interpretability")
def interpretability(data: ReportData) -> Markup | None:
    """Return the decisions by kind, and the tables of the axis."""
    profile = data.profile
    if profile is None:
        return None
    measures = measures_of(profile, "interpretability")
    pictures = explanations_of(profile)
    if not (pictures or measures):
        return None
    return fill(
        "sections/interpretability.html.j2",
        groups=_groups(pictures),
        has_maps=any(picture.get("overlay") for picture in pictures),
        has_texts=any(picture.get("tokens") for picture in pictures),
        pictures=data.pictures,
        weighted_text=weighted_text,
        figures=topic_part("", measures, data) if measures else None,
    )


def _groups(pictures: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    by_kind: dict[str, list[Mapping[str, Any]]] = {}
    for picture in pictures:
        by_kind.setdefault(str(picture.get("kind") or "case"), []).append(picture)
    groups = []
    for kind, members in by_kind.items():
        name = words(kind if len(members) == 1 else plural(kind))
        title, about = HEADINGS.get(kind, (name, ""))
        texts = any(member.get("tokens") for member in members)
        groups.append({"title": title, "about": about, "members": members, "texts": texts})
    return groups

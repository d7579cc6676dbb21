"""Interpretability: single decisions with the places that spoke for them, and measures."""

from collections.abc import Mapping, Sequence
from typing import Any

from markupsafe import Markup

from finetrust.report.html.section import section
from finetrust.report.html.subset_table import subset_tables
from finetrust.report.html.template import fill
from finetrust.report.names import words
from finetrust.report.report_data import ReportData

HEADINGS: Mapping[str, tuple[str, str]] = {
    "confident error": ("Most confident errors", "Wrong, and the surest of it: look here first."),
    "random correct": ("Correct cases", "Drawn at random among the right answers, for comparison."),
}


@section("interpretability", order=80, title="Interpretability")
def interpretability(data: ReportData) -> Markup | None:
    """Return the pictures by kind, and the tables of the axis."""
    profile = data.profile
    if profile is None or not (profile.pictures or profile.axis("interpretability")):
        return None
    return fill(
        "sections/interpretability.html.j2",
        groups=_groups(profile.pictures),
        pictures=data.pictures,
        measures=[m for m in profile.axis("interpretability") if not m.subset],
        tables=subset_tables(profile, "interpretability"),
    )


def _groups(
    pictures: Sequence[Mapping[str, Any]],
) -> list[tuple[str, str, list[Mapping[str, Any]]]]:
    kinds = dict.fromkeys(str(picture.get("kind", "")) for picture in pictures)
    return [
        (*HEADINGS.get(kind, (words(kind), "")), [p for p in pictures if p.get("kind", "") == kind])
        for kind in kinds
    ]

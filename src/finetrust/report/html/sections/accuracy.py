"""Accuracy: all measures of the axis, calibration, confusions, and the figures of every class."""

from collections.abc import Mapping
from typing import Any

from markupsafe import Markup

from finetrust.report.html.confusion import confused_pairs, confusion_map, most_often_taken_for
from finetrust.report.html.section import section
from finetrust.report.html.subset_table import subset_tables
from finetrust.report.html.template import fill
from finetrust.report.plots.reliability_diagram import reliability_diagram
from finetrust.report.report_data import ReportData
from finetrust.report.verdicts.measured import measured

LARGEST_MAP = 25


@section("accuracy", order=60, title="Accuracy")
def accuracy(data: ReportData) -> Markup | None:
    """Return the tables and plots of the accuracy axis."""
    profile = data.profile
    if profile is None or not profile.axis("accuracy"):
        return None
    confusion = getattr(measured(profile, "accuracy"), "details", {})
    classes, counts = confusion.get("classes", []), confusion.get("confusion", [])
    small = 0 < len(classes) <= LARGEST_MAP
    ece = getattr(measured(profile, "ece"), "details", {})
    taken_for = most_often_taken_for(classes, counts)
    return fill(
        "sections/accuracy.html.j2",
        measures=[m for m in profile.axis("accuracy") if not m.subset],
        diagrams=_diagrams(ece),
        temperature=ece.get("temperature"),
        map=confusion_map(classes, counts) if small else None,
        pairs=[] if small else confused_pairs(classes, counts),
        n_classes=len(classes),
        no_answer=confusion.get("no_answer", 0),
        tables=subset_tables(
            profile,
            "accuracy",
            {"recall": ("Most often taken for", taken_for)} if taken_for else {},
        ),
    )


def _diagrams(ece: Mapping[str, Any]) -> list[tuple[str, Markup]]:
    names = {"before": "Before calibration", "after": "After calibration"}
    if not ece.get("after"):
        names = {"before": "Confidence as the model states it"}
    return [
        (name, reliability_diagram(ece[key], title=f"Reliability diagram: {name}"))
        for key, name in names.items()
        if ece.get(key)
    ]

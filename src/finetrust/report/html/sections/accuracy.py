"""Accuracy: all measures of the axis, calibration, confusions, and the figures of every class."""

from typing import Any

from markupsafe import Markup

from finetrust.core.measure import Measure
from finetrust.report.details import calibration_measures, confusions, diagrams_of
from finetrust.report.html.confusion import (
    confused_pairs,
    confusion_map,
    most_often_taken_for,
    needs_percents,
)
from finetrust.report.html.section import section
from finetrust.report.html.subset_table import subset_tables
from finetrust.report.html.template import fill
from finetrust.report.judged import measures_of
from finetrust.report.names import subset_kind, subset_value
from finetrust.report.plots.reliability_diagram import reliability_diagram
from finetrust.report.report_data import ReportData

LARGEST_MAP = 25


@section("accuracy", order=60, title="Accuracy")
def accuracy(data: ReportData) -> Markup | None:
    """Return the tables and plots of the accuracy axis."""
    profile = data.profile
    if profile is None:
        return None
    measures = measures_of(profile, "accuracy")
    if not measures:
        return None
    confused = confusions(profile)
    return fill(
        "sections/accuracy.html.j2",
        measures=[m for m in measures if not m.subset],
        calibrations=[_calibration(m) for m in calibration_measures(profile)],
        confusions=[_confusion(m) for m in confused],
        tables=subset_tables(measures, _taken_for(measures, confused)),
    )


def _calibration(measure: Measure) -> dict[str, Any]:
    drawn = [
        (name, reliability_diagram(bins, title=f"Reliability diagram: {name}"))
        for name, bins in diagrams_of(measure).items()
    ]
    return {
        "title": measure.title,
        "diagrams": drawn,
        "temperature": measure.details.get("temperature"),
    }


def _confusion(measure: Measure) -> dict[str, Any]:
    classes, counts = measure.details["classes"], measure.details["confusion"]
    counted = str(measure.details.get("counted", "items"))
    small = len(classes) <= LARGEST_MAP
    return {
        "title": measure.title,
        "map": confusion_map(classes, counts, counted) if small else None,
        "in_percent": needs_percents(counts),
        "pairs": [] if small else confused_pairs(classes, counts),
        "n_classes": len(classes),
        "counted": counted,
        "no_answer": measure.details.get("no_answer", 0),
    }


def _taken_for(
    measures: list[Measure], confused: list[Measure]
) -> dict[str, tuple[str, dict[str, str]]]:
    """Return what each class is taken for most often, for the first table with one row a class."""
    for confusion in confused:
        classes, counts = confusion.details["classes"], confusion.details["confusion"]
        taken_for = most_often_taken_for(classes, counts)
        for measure in measures:
            if subset_kind(measure) == "class" and subset_value(measure) in taken_for:
                return {measure.name: ("Most often taken for", taken_for)}
    return {}

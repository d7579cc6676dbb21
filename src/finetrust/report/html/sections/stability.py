"""Stability: the main figure under every disturbance and severity, and all measures of the axis."""

from collections.abc import Mapping
from typing import Any

from markupsafe import Markup

from finetrust.core.measure import Measure
from finetrust.core.profile import TrustProfile
from finetrust.report.details import severity_tables
from finetrust.report.html.section import section
from finetrust.report.html.template import fill
from finetrust.report.html.topic import topic_part
from finetrust.report.judged import measures_of, noun_of
from finetrust.report.names import words
from finetrust.report.numbers import quantity
from finetrust.report.plots.heat_map import Cell, heat_map
from finetrust.report.report_data import ReportData
from finetrust.report.verdicts.stability import untouched_value


@section("stability", order=40, title="Stability")
def stability(data: ReportData) -> Markup | None:
    """Return the heat maps of severities and the tables of the stability axis."""
    profile = data.profile
    if profile is None:
        return None
    measures = measures_of(profile, "stability")
    if not measures:
        return None
    return fill(
        "sections/stability.html.j2",
        maps=[_severity_map(profile, measure) for measure in severity_tables(profile)],
        inputs=noun_of(profile.data),
        figures=topic_part("", measures, data),
    )


def _severity_map(profile: TrustProfile, measure: Measure) -> dict[str, Any]:
    table: Mapping[str, Mapping[str, float]] = measure.details
    severities = sorted({severity for row in table.values() for severity in row}, key=int)
    untouched = untouched_value(profile, measure)
    found = [value for row in table.values() for value in row.values() if value is not None]
    most = max([1.0, *found])
    columns = severities if untouched is None else ["untouched", *severities]
    rows = [
        [
            _cell(measure, kind, column, {**row, "untouched": untouched}.get(column), most)
            for column in columns
        ]
        for kind, row in table.items()
    ]
    drawn = heat_map(
        rows,
        rows=[words(kind) for kind in table],
        columns=columns,
        title=f"{measure.title} by kind and severity of the disturbance",
        column_label="severity",
        size=(76, 38),
    )
    return {"measure": measure, "drawn": drawn, "severities": severities}


def _cell(measure: Measure, kind: str, column: str, value: float | None, most: float) -> Cell:
    if value is None:
        return Cell(None, "")
    where = column if column == "untouched" else f"{words(kind)}, severity {column}"
    text = quantity(value, measure.unit)
    right = " right" if measure.share else ""
    colour = "good" if measure.better == "higher" else "bad"
    return Cell(value / most, text, f"{where}: {text}{right}", colour)

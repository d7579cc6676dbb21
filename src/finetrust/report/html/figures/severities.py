"""The main figure under every kind and severity of damage, as a heat map."""

from collections.abc import Iterator, Mapping, Sequence

from markupsafe import Markup

from finetrust.core.measure import Measure
from finetrust.report.details import severity_tables
from finetrust.report.html.figure import Figure, figure
from finetrust.report.html.template import fill
from finetrust.report.judged import singular
from finetrust.report.names import term
from finetrust.report.numbers import quantity
from finetrust.report.plots.heat_map import Cell, heat_map
from finetrust.report.report_data import ReportData
from finetrust.report.verdicts.damage import untouched_value

FEW_ROWS = 8


@figure("severities", order=100)
def severities(measures: Sequence[Measure], data: ReportData) -> Iterator[Figure]:
    """Yield a heat map for each measure for every reader that holds its value by severity."""
    found = [m for m in severity_tables(measures) if not m.secondary]
    for measure in found:
        title = "Kind by kind"
        yield Figure(
            f"{title}: {measure.title}" if len(found) > 1 else title,
            _about(measure, data),
            fill("figures/scrolled.html.j2", drawn=_severity_map(data, measure)),
        )


def _about(measure: Measure, data: ReportData) -> str:
    noun = singular(data.inputs)
    if measure.share:
        what, strong = f"How often it is right about a damaged {noun}", "more is right"
    else:
        what, strong = f"What the figure comes to for damaged {data.inputs}", "higher the figure"
    severities = sorted({int(severity) for row in measure.details.values() for severity in row})
    several = f", from mild ({severities[0]}) to severe ({severities[-1]})"
    span = several if len(severities) > 1 else ""
    return f"{what}{span}. The weakest stand first; the stronger the colour, the {strong}."


def _severity_map(data: ReportData, measure: Measure) -> Markup:
    table: Mapping[str, Mapping[str, float]] = _weakest_first(measure)
    severities = sorted({severity for row in table.values() for severity in row}, key=int)
    untouched = untouched_value(data.profile, measure) if data.profile else None
    values = [value for row in table.values() for value in row.values() if value is not None]
    most = max([1.0, *values])
    columns = severities if untouched is None else ["untouched", *severities]
    rows = [
        [
            _cell(measure, kind, column, {**row, "untouched": untouched}.get(column), most)
            for column in columns
        ]
        for kind, row in table.items()
    ]
    return heat_map(
        rows,
        rows=[term(kind) for kind in table],
        columns=columns,
        title=f"{measure.title} by kind and severity of the damage",
        column_label="severity",
        size=(76, 38) if len(rows) <= FEW_ROWS else (72, 28),
    )


def _weakest_first(measure: Measure) -> dict[str, Mapping[str, float]]:
    sign = 1 if measure.better == "higher" else -1

    def mean(kind: str) -> float:
        known = [value for value in measure.details[kind].values() if value is not None]
        return sign * sum(known) / len(known) if known else float("inf")

    return {kind: measure.details[kind] for kind in sorted(measure.details, key=mean)}


def _cell(measure: Measure, kind: str, column: str, value: float | None, most: float) -> Cell:
    if value is None:
        return Cell(None, "")
    where = column if column == "untouched" else f"{term(kind)}, severity {column}"
    text = quantity(value, measure.unit)
    right = " right" if measure.share else ""
    colour = "good" if measure.better == "higher" else "bad"
    return Cell(value / most, text, f"{where}: {text}{right}", colour)

"""Stability: accuracy under every disturbance and severity, and all measures of the axis."""

from collections.abc import Mapping

from markupsafe import Markup

from finetrust.core.profile import TrustProfile
from finetrust.report.html.section import section
from finetrust.report.html.subset_table import subset_tables
from finetrust.report.html.template import fill
from finetrust.report.names import words
from finetrust.report.numbers import percent
from finetrust.report.plots.heat_map import Cell, heat_map
from finetrust.report.report_data import ReportData
from finetrust.report.verdicts.measured import measured


@section("stability", order=70, title="Stability")
def stability(data: ReportData) -> Markup | None:
    """Return the heat map of severities and the tables of the stability axis."""
    profile = data.profile
    if profile is None or not profile.axis("stability"):
        return None
    return fill(
        "sections/stability.html.j2",
        map=_severity_map(profile),
        measures=[m for m in profile.axis("stability") if not m.subset],
        tables=subset_tables(profile, "stability"),
    )


def _severity_map(profile: TrustProfile) -> Markup | None:
    corrupted = measured(profile, "corruption_accuracy")
    if corrupted is None or not corrupted.details:
        return None
    table: Mapping[str, Mapping[str, float]] = corrupted.details
    severities = sorted({severity for row in table.values() for severity in row}, key=int)
    untouched = untouched_accuracy(profile)
    rows = [
        [_cell(kind, "untouched", untouched), *(_cell(kind, s, row.get(s)) for s in severities)]
        for kind, row in table.items()
    ]
    return heat_map(
        rows,
        rows=[words(kind) for kind in table],
        columns=["untouched", *severities],
        title="Accuracy by kind and severity of the disturbance",
        column_label="severity",
        size=(76, 38),
    )


def untouched_accuracy(profile: TrustProfile) -> float | None:
    """Return the accuracy without disturbance, on the very items that were disturbed."""
    corrupted = measured(profile, "corruption_accuracy")
    kept = measured(profile, "relative_corruption_accuracy")
    if corrupted is not None and corrupted.value is not None and kept is not None and kept.value:
        return corrupted.value / kept.value
    accuracy = measured(profile, "accuracy")
    return accuracy.value if accuracy is not None else None


def _cell(kind: str, severity: str, share: float | None) -> Cell:
    if share is None:
        return Cell(None, "")
    where = severity if severity == "untouched" else f"{words(kind)}, severity {severity}"
    return Cell(share, percent(share), f"{where}: {percent(share)} right")

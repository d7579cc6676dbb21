"""Training curves: loss and validation figures over the epochs."""

from collections.abc import Sequence

from markupsafe import Markup

from finetrust.report.epochs import PhaseEpochs, epochs_by_phase, kept_epoch, metric_keys
from finetrust.report.html.section import section
from finetrust.report.html.template import fill
from finetrust.report.names import words
from finetrust.report.plots.line_chart import Line, line_chart
from finetrust.report.report_data import ReportData
from finetrust.report.verdicts.measured import measured


@section("curves", order=80, title="Training curves")
def curves(data: ReportData) -> Markup | None:
    """Return one chart of the losses and one of each validation figure."""
    phases = epochs_by_phase(data.log)
    if not phases:
        return None
    charts = [_chart(phases, {"train_loss": "training", "val_loss": "validation"}, "Loss", False)]
    for key in metric_keys(data.log):
        name = key.removeprefix("val_")
        measure = measured(data.profile, name) if data.profile else None
        title, unit = (measure.title, measure.unit) if measure else (words(name), "%")
        charts.append(_chart(phases, {key: "validation"}, title, unit == "%"))
    found = [chart for chart in charts if chart is not None]
    return fill("sections/curves.html.j2", charts=found) if found else None


def _chart(
    phases: Sequence[PhaseEpochs], names: dict[str, str], title: str, percents: bool
) -> tuple[str, Markup] | None:
    lines = []
    phase_kept, position = kept_epoch(phases)
    for key, name in names.items():
        points = [point for phase in phases for point in phase.points(key)]
        kept = phase_kept.events[position].get(key)
        rings = []
        if kept is not None and key.startswith("val_"):
            rings = [(phase_kept.start + position + 1.0, float(kept))]
        if points:
            lines.append(Line(name, points, rings))
    if not lines:
        return None
    shares = percents and all(0 <= y <= 1 for line in lines for _, y in line.points)
    spans = [(p.name, p.start + 1.0, float(p.start + len(p.events))) for p in phases]
    chart = line_chart(
        lines, title=f"{title} over the epochs", x_label="epoch", percents=shares, phases=spans
    )
    return title, chart

"""Risk-coverage curve: how often it is wrong if only the answers it is surest of are given."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from finetrust.core.measure import Measure
from finetrust.report.details import curves_in
from finetrust.report.html.figure import Figure, figure, side_by_side
from finetrust.report.plots.curve_chart import Curve, curve_chart
from finetrust.report.report_data import ReportData

ABOUT = (
    "From right to left the unsure answers are handed to a person: the line shows how many of those "
    "that are left are wrong, the band where the true share most likely lies. The dashed line is the "
    "best order there could be, with every wrong answer handed over first."
)


@figure("risk_coverage", order=30)
def risk_coverage(measures: Sequence[Measure], data: ReportData) -> Iterator[Figure]:
    """Yield the curve of the first measure that holds one."""
    for measure in measures:
        for points in curves_in(measure.details, "coverage", "risk").values():
            yield Figure(
                "What is gained by leaving the unsure answers to a person",
                ABOUT,
                side_by_side([("", _chart(points))]),
            )
            return


def _chart(points: Mapping[str, Any]) -> Any:
    at, risk = points["coverage"], points["risk"]
    band = zip(at, points.get("risk_low") or (), points.get("risk_high") or (), strict=False)
    curves = [Curve("its own order", list(zip(at, risk, strict=False)), band=list(band))]
    best = points.get("best") or ()
    if best:
        curves.insert(0, Curve("best order", list(zip(at, best, strict=False)), "ideal"))
    # The first points rest on few answers: their bands would squeeze the rest.
    tail = [high for share, _, high in curves[-1].band if share >= 0.25]
    return curve_chart(
        curves,
        title="Share of wrong answers over the share of answers given",
        x_label="answers given, the surest first",
        y_label="wrong among them",
        highest=min(1.0, max([*risk, *tail, 0.01])),
    )

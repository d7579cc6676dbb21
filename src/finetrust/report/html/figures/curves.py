"""ROC and precision-recall curves, class by class."""

from collections.abc import Iterator, Mapping, Sequence
from itertools import pairwise
from typing import Any

from markupsafe import Markup

from finetrust.core.measure import Measure
from finetrust.report.details import curves_in
from finetrust.report.html.figure import Figure, figure, side_by_side
from finetrust.report.plots.curve_chart import Curve, curve_chart
from finetrust.report.report_data import ReportData

ROC = ("false_positive_rate", "true_positive_rate")
PRECISION_RECALL = ("recall", "precision")
MOST_CURVES = 30
MOST_POINTS = 60


@figure("curves", order=40)
def curves(measures: Sequence[Measure], data: ReportData) -> Iterator[Figure]:
    """Yield the ROC and the precision-recall curves, next to each other."""
    drawn = [*_drawn(measures, *ROC), *_drawn(measures, *PRECISION_RECALL)]
    if drawn:
        yield Figure(
            "How well the classes are told apart at every threshold",
            "One thin line a class; the orange one is the class that is told apart worst. On the left, "
            "good curves run through the upper left corner and chance along the diagonal; on the "
            "right, through the upper right corner.",
            side_by_side(drawn),
        )


def _drawn(measures: Sequence[Measure], x: str, y: str) -> Iterator[tuple[str, Markup]]:
    for measure in measures:
        found = curves_in(measure.details, x, y)
        if found:
            roc = (x, y) == ROC
            title = "ROC curves" if roc else "Precision–recall curves"
            yield (
                title,
                curve_chart(
                    _curves(found, x, y),
                    title=title,
                    x_label="false alarms" if roc else "found of the class",
                    y_label="found of the class" if roc else "right among those named so",
                    diagonal=roc,
                ),
            )
            return


def _curves(found: Mapping[str, Mapping[str, Any]], x: str, y: str) -> list[Curve]:
    points = {name: list(zip(of[x], of[y], strict=False)) for name, of in found.items()}
    ranked = sorted(points, key=lambda name: _area(points[name]))[:MOST_CURVES]
    if len(ranked) == 1:
        return [Curve(ranked[0], _thinned(points[ranked[0]]))]
    faint = [Curve(name, _thinned(points[name]), "faint") for name in reversed(ranked[1:])]
    return [*faint, Curve(ranked[0], _thinned(points[ranked[0]]), "worst")]


def _area(points: Sequence[tuple[float, float]]) -> float:
    pairs = pairwise(sorted(points))
    return sum((x1 - x0) * (y0 + y1) / 2 for (x0, y0), (x1, y1) in pairs)


def _thinned(points: list[tuple[float, float]]) -> list[tuple[float, float]]:
    step = max(1, len(points) // MOST_POINTS)
    return [*points[:-1:step], points[-1]]

"""Confidence of right answers and of wrong ones, as two histograms against each other."""

from collections.abc import Iterator, Mapping, Sequence

from finetrust.core.measure import Measure
from finetrust.report.details import numbers_in
from finetrust.report.html.figure import Figure, figure, side_by_side
from finetrust.report.plots.histogram import opposed_histogram
from finetrust.report.report_data import ReportData


@figure("confidences", order=15)
def confidences(measures: Sequence[Measure], data: ReportData) -> Iterator[Figure]:
    """Yield the histograms of the first measure that holds them."""
    for measure in measures:
        bins = measure.details.get("histogram")
        bins = bins if isinstance(bins, Mapping) else {}
        edges, right, wrong = (numbers_in(bins, key) for key in ("edges", "right", "wrong"))
        if len(edges) > 1 and len(right) == len(wrong) == len(edges) - 1:
            drawn = opposed_histogram(
                edges,
                right,
                wrong,
                names=("right answers", "wrong answers"),
                title="Confidence of right and of wrong answers",
                x_label="confidence",
            )
            yield Figure(
                "How sure it is when it is wrong",
                "Right answers stand above the line, wrong ones hang below it, each on a scale of its "
                "own. Wrong answers far to the right are the dangerous ones.",
                side_by_side([("", drawn)]),
            )
            return

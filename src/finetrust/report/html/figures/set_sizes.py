"""How many answers the sets hold."""

from collections.abc import Iterator, Sequence

from finetrust.core.measure import Measure
from finetrust.report.details import numbers_in
from finetrust.report.html.figure import Figure, figure, side_by_side
from finetrust.report.plots.histogram import histogram
from finetrust.report.report_data import ReportData

MOST_BARS = 20


@figure("set_sizes", order=50)
def set_sizes(measures: Sequence[Measure], data: ReportData) -> Iterator[Figure]:
    """Yield the histogram of the first measure that holds sizes and their counts."""
    for measure in measures:
        sizes, counts = (numbers_in(measure.details, key) for key in ("sizes", "counts"))
        if sizes and len(sizes) == len(counts):
            drawn = histogram(
                *_bars(sizes, counts),
                title="How many sets hold how many classes",
                x_label="classes in the set",
            )
            yield Figure(
                "How large the sets are",
                "A set of one class is a plain answer; the larger the set, the less sure the model is. "
                "An empty set is an input unlike those it was calibrated on.",
                side_by_side([("", drawn)]),
            )
            return


def _bars(sizes: list[int], counts: list[int]) -> tuple[list[str], list[int]]:
    """Return labels and counts; sizes beyond the last bar are counted in it."""
    labels = [str(size) for size in sizes]
    if len(sizes) <= MOST_BARS:
        return labels, counts
    last = MOST_BARS - 1
    return [*labels[:last], f"{sizes[last]}+"], [*counts[:last], sum(counts[last:])]

"""How common each class is in the training data and in the test."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from finetrust.core.measure import Measure
from finetrust.report.details import rows_in
from finetrust.report.html.figure import Figure, figure
from finetrust.report.html.template import fill
from finetrust.report.plots.pair_of_bars import pair_of_bars
from finetrust.report.report_data import ReportData

SHOWN = 10


@figure("priors", order=70)
def priors(measures: Sequence[Measure], data: ReportData) -> Iterator[Figure]:
    """Yield a table with one row a class for the first measure that holds shares of both."""
    for measure in measures:
        rows = rows_in(measure.details, "moved_most", "class", "train", "evaluation")
        if rows:
            yield Figure(
                "Classes whose share has moved most",
                fill("figures/priors_about.html.j2"),
                fill("figures/priors.html.j2", rows=_rows(rows), shown=SHOWN),
            )
            return


def _rows(found: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    shares = [(str(row["class"]), float(row["train"]), float(row["evaluation"])) for row in found]
    most = max(max(a, b) for _, a, b in shares)
    return [
        {"name": name, "train": a, "test": b, "bars": pair_of_bars((a, b), most, title=name)}
        for name, a, b in shares
    ]

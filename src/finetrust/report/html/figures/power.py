"""How many items a test needs to show which difference between two models."""

from collections.abc import Iterator, Sequence

from finetrust.core.measure import Measure
from finetrust.report.details import number_in, rows_in
from finetrust.report.html.figure import Figure, figure
from finetrust.report.html.template import fill
from finetrust.report.judged import singular
from finetrust.report.numbers import counted
from finetrust.report.report_data import ReportData


@figure("power", order=80)
def power(measures: Sequence[Measure], data: ReportData) -> Iterator[Figure]:
    """Yield a table of test sizes for the first measure that holds one."""
    for measure in measures:
        rows = [
            (difference, round(items))
            for row in rows_in(measure.details, "items_needed", "difference", "items")
            if (difference := number_in(row, "difference")) is not None
            if (items := number_in(row, "items")) is not None
        ]
        if rows:
            yield Figure(
                "How many items would show which difference",
                f"This test has {counted(measure.n, singular(data.inputs), data.inputs)}; models that "
                "differ by less than it can show look alike on it.",
                fill("figures/power.html.j2", rows=rows, n=measure.n, inputs=data.inputs),
            )
            return

"""The items whose answer hangs on chance in training: what each repeat of the training says of them."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from finetrust.core.measure import Measure
from finetrust.report.details import number_in, rows_in
from finetrust.report.html.figure import Figure, figure
from finetrust.report.html.template import fill
from finetrust.report.numbers import count, sentence_list
from finetrust.report.report_data import ReportData

SHOWN = 8
MOST = 30


@figure("unstable_items", order=140)
def unstable_items(measures: Sequence[Measure], data: ReportData) -> Iterator[Figure]:
    """Yield a table of the least stable items of the first measure that holds some."""
    for measure in measures:
        found = rows_in(measure.details, "items", "id", "target", "answers")
        rows = [row for row in found if isinstance(row["answers"], Mapping)]
        if rows:
            models = number_in(measure.details, "models")
            by = f" by {count(int(models))} models trained alike" if models else ""
            yield Figure(
                "Least stable answers",
                f"What was answered{by}. Many of them are hard cases or have a doubtful label.",
                fill(
                    "figures/unstable_items.html.j2",
                    rows=[_row(row) for row in rows[:MOST]],
                    shown=SHOWN,
                ),
            )
            return


def _row(row: Mapping[str, Any]) -> dict[str, Any]:
    answers = [f"{name} ({count(int(n))})" for name, n in row["answers"].items()]
    return {"id": row["id"], "target": row["target"], "answers": sentence_list(answers)}

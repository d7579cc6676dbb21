"""What concepts mean to classes: a table of the pairs, those that count first."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from finetrust.core.measure import Measure
from finetrust.report.details import number_in, rows_in
from finetrust.report.html.figure import Figure, figure
from finetrust.report.html.template import fill
from finetrust.report.numbers import number
from finetrust.report.report_data import ReportData

SHOWN = 10
SPAN = (-1.0, 1.0)


@figure("concepts", order=240)
def concepts(measures: Sequence[Measure], data: ReportData) -> Iterator[Figure]:
    """Yield a table of the first measure that holds pairs of a concept and a class."""
    for measure in measures:
        pairs = rows_in(measure.details, "pairs", "concept", "class", "value")
        if pairs:
            single = {m.subset: m for m in measures if m.subset}
            rows = [_row(pair, single) for pair in pairs]
            yield Figure(
                "Concepts and classes",
                "Above 0 the answer for the class rises as an image shows more of the concept, below 0 it "
                "falls; random images give about 0. Only pairs that count are told apart from random "
                "images, after a correction for how many pairs were tried.",
                fill("figures/concepts.html.j2", rows=rows, shown=SHOWN, span=SPAN),
            )
            return


def _row(pair: Mapping[str, Any], single: Mapping[str, Measure]) -> dict[str, Any]:
    p = number_in(pair, "p_value")
    return {
        "concept": str(pair["concept"]),
        "class": str(pair["class"]),
        "measure": single.get(f"concept={pair['concept']},class={pair['class']}"),
        "value": number(float(pair["value"])),
        "p": "" if p is None else number(p),
        "counts": pair.get("significant") is True,
    }

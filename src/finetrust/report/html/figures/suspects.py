"""Labels that are probably wrong: the item, its label, and what the model suggests instead."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from finetrust.core.measure import Measure
from finetrust.report.details import number_in, suspects_in
from finetrust.report.html.figure import Figure, figure
from finetrust.report.html.template import fill
from finetrust.report.names import in_sentence
from finetrust.report.report_data import ReportData

SHOWN = 10
MOST = 50


@figure("suspects", order=60)
def suspects(measures: Sequence[Measure], data: ReportData) -> Iterator[Figure]:
    """Yield a table for each measure that holds suspects, with pictures where there are any."""
    for measure in measures:
        rows = _rows(suspects_in(measure.details), data)
        if rows:
            yield Figure(
                f"Labels to look at: {in_sentence(measure.title)}",
                "The model is sure of another class. Look at each: some labels are wrong, some are "
                "hard cases.",
                fill("figures/suspects.html.j2", rows=rows[:MOST], shown=SHOWN),
            )


def _rows(found: Sequence[Mapping[str, Any]], data: ReportData) -> list[dict[str, Any]]:
    pictures = _pictures(data)
    return [
        {
            **{key: row[key] for key in ("id", "label", "suggested")},
            "sure": _sure(row),
            "picture": pictures.get(str(row["id"])),
        }
        for row in found
    ]


def _sure(row: Mapping[str, Any]) -> float | None:
    """Return how probable it is that the label is wrong, as far as that is known."""
    return number_in(row, "probability_wrong")


def _pictures(data: ReportData) -> dict[str, str]:
    """Return the pictures of single items that the page holds anyway, by the id of the item."""
    shown = data.profile.pictures if data.profile else ()
    return {
        str(picture.get("id")): data.pictures[str(picture.get("file"))]
        for picture in shown
        if str(picture.get("file")) in data.pictures
    }

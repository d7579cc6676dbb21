"""Accuracy and calibration error over the severity of damage, and accuracy predicted without labels."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from markupsafe import Markup

from finetrust.core.measure import Measure
from finetrust.report.details import rows_in
from finetrust.report.html.figure import Figure, figure, side_by_side
from finetrust.report.names import term
from finetrust.report.numbers import percent
from finetrust.report.plots.curve_chart import Curve, curve_chart
from finetrust.report.report_data import ReportData

CURVE = ("severity", "accuracy", "accuracy_low", "accuracy_high", "ece", "ece_low", "ece_high")
PREDICTED = ("perturbation", "accuracy", "atc")


@figure("damage_curves", order=110)
def damage_curves(measures: Sequence[Measure], data: ReportData) -> Iterator[Figure]:
    """Yield both curves, and the predicted against the true accuracy, of the first that hold them."""
    for measure in measures:
        rows = sorted(rows_in(measure.details, "curve", *CURVE), key=lambda row: row["severity"])
        if len(rows) > 1:
            yield Figure(
                "Does its confidence fall as it should?",
                "The first chart shows how often it is right, the second by how much its confidence is "
                "off, the more damage the further right; every kind of damage counts the same. The bands "
                "show where the true figures most likely lie. A model that knows its limits may fall in "
                "the first, but does not rise in the second.",
                side_by_side([_curve(rows, "accuracy"), _curve(rows, "ece")]),
            )
            break
    for measure in measures:
        rows = rows_in(measure.details, "table", *PREDICTED)
        if rows:
            yield Figure(
                "Would a fall be noticed without labels?",
                "One dot for each kind and severity of damage: the accuracy that its confidence alone "
                "lets expect, against the true one. On the diagonal a fall would be seen without anybody "
                "labelling an input; dots below it stand for falls that are larger than they look.",
                side_by_side([("", _predicted(rows))]),
            )
            break


def _curve(rows: Sequence[Mapping[str, Any]], name: str) -> tuple[str, Markup]:
    title = "Accuracy" if name == "accuracy" else "Calibration error"
    ticks = [(float(k), "none" if k == 0 else str(k)) for k in (row["severity"] for row in rows)]
    points = [(float(row["severity"]), float(row[name])) for row in rows]
    band = [
        (float(row["severity"]), float(row[f"{name}_low"]), float(row[f"{name}_high"]))
        for row in rows
    ]
    highest = 1.0 if name == "accuracy" else max(0.1, *(high for _, _, high in band))
    told = "; ".join(
        f"{label}: {percent(y)}" for (_, label), (_, y) in zip(ticks, points, strict=True)
    )
    return title, curve_chart(
        [Curve(told, points, "measured", band)],
        title=f"{title} over the severity of damage: {told}",
        x_label="severity of the damage",
        y_label="right" if name == "accuracy" else "confidence off by",
        highest=min(1.0, highest),
        x_ticks=ticks,
    )


def _predicted(rows: Sequence[Mapping[str, Any]]) -> Markup:
    dots = [
        Curve(
            f"{term(str(row['perturbation']))}: predicted {percent(row['atc'])}, truly "
            f"{percent(row['accuracy'])}",
            [(float(row["atc"]), float(row["accuracy"]))],
            "dots",
        )
        for row in rows
    ]
    return curve_chart(
        dots,
        title="True accuracy over the accuracy that was predicted without labels",
        x_label="predicted without labels",
        y_label="truly right",
        diagonal=True,
    )

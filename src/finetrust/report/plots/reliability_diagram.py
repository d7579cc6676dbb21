"""Reliability diagram: how often answers of a given confidence are right, over a histogram."""

from collections.abc import Mapping, Sequence
from typing import Any

from markupsafe import Markup

from finetrust.report.numbers import count, percent
from finetrust.report.plots import svg
from finetrust.report.plots.scale import Scale

WIDTH, HEIGHT = 350, 400
LEFT, RIGHT, TOP, BOTTOM = 60, 338, 12, 294
HISTOGRAM_TOP, HISTOGRAM_BOTTOM = 312, 356
LARGEST_RADIUS = 11.0


def reliability_diagram(bins: Mapping[str, Sequence[Any]], *, title: str) -> Markup:
    """Return the diagram of one set of confidences.

    A dot stands at mean confidence and accuracy of the items of a bin, its area is their number;
    the line from it to the diagonal is the gap that the calibration error averages.

    Parameters
    ----------
    bins : mapping
        ``edges`` (m + 1), and for each of m bins ``confidence``, ``accuracy`` (None where it is
        empty) and ``count``.
    title : str
    """
    x, y = Scale(0, 1, LEFT, RIGHT), Scale(0, 1, BOTTOM, TOP)
    rows = [
        row
        for row in zip(bins["confidence"], bins["accuracy"], bins["count"], strict=True)
        if row[2]
    ]
    most = max((n for _, _, n in rows), default=1)
    return svg.drawing(
        WIDTH,
        HEIGHT,
        *_axes(x, y),
        svg.line(x(0), y(0), x(1), y(1), "diagonal"),
        *(_dot(x, y, confidence, accuracy, n, most) for confidence, accuracy, n in rows),
        *_histogram(bins, x, most),
        kind="reliability",
        title=title,
        description="; ".join(_in_words(*row) for row in rows),
    )


def _axes(x: Scale, y: Scale) -> list[Markup]:
    parts = []
    for k in range(0, 5):
        at = k / 4
        anchor = "end" if k == 4 else "middle" if k else "start"
        parts += [
            svg.line(LEFT, y(at), RIGHT, y(at), "grid"),
            svg.text(LEFT - 7, y(at) + 4, f"{at:.0%}", "tick", text_anchor="end"),
            svg.text(x(at), HISTOGRAM_BOTTOM + 17, f"{at:.0%}", "tick", text_anchor=anchor),
        ]
    turned = f"rotate(-90 13 {(TOP + BOTTOM) / 2:g})"
    middle = (TOP + BOTTOM) / 2
    return [
        *parts,
        svg.text(
            13, middle, "how often right", "axis-label", text_anchor="middle", transform=turned
        ),
        svg.text((LEFT + RIGHT) / 2, HEIGHT - 6, "confidence", "axis-label", text_anchor="middle"),
    ]


def _dot(x: Scale, y: Scale, confidence: float, accuracy: float, n: int, most: int) -> Markup:
    weight = (n / most) ** 0.5
    radius = max(3.0, LARGEST_RADIUS * weight)
    at = x(confidence)
    # A gap that rests on few items is faint: it is long by chance.
    opacity = 0.2 + 0.8 * weight
    return svg.group(
        svg.line(at, y(confidence), at, y(accuracy), "gap", stroke_opacity=opacity),
        svg.circle(at, y(accuracy), radius, "dot"),
        hint=_in_words(confidence, accuracy, n),
    )


def _histogram(bins: Mapping[str, Sequence[Any]], x: Scale, most: int) -> list[Markup]:
    height = Scale(0, most, 0, HISTOGRAM_BOTTOM - HISTOGRAM_TOP)
    bars = []
    for low, high, n in zip(bins["edges"], bins["edges"][1:], bins["count"], strict=False):
        tall = max(height(n), 1.0) if n else 0.0
        bar = svg.rect(x(low) + 1, HISTOGRAM_BOTTOM - tall, x(high) - x(low) - 2, tall, "bar")
        bars.append(svg.group(bar, hint=f"{low:.0%} to {high:.0%}: {count(n)} answers"))
    base = svg.line(LEFT, HISTOGRAM_BOTTOM, RIGHT, HISTOGRAM_BOTTOM, "base")
    label = svg.text(LEFT - 7, HISTOGRAM_BOTTOM - 16, "answers", "tick", text_anchor="end")
    return [*bars, base, label]


def _in_words(confidence: float, accuracy: float, n: int) -> str:
    return f"{count(n)} answers: confidence {percent(confidence)}, right {percent(accuracy)}"

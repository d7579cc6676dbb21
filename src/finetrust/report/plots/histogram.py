"""Histogram: how many items have which value, of one kind or of two set against each other."""

from collections.abc import Sequence

from markupsafe import Markup

from finetrust.report.numbers import count
from finetrust.report.plots import svg
from finetrust.report.plots.scale import Scale

WIDTH, HEIGHT = 350, 230
LEFT, RIGHT, TOP, BOTTOM = 16, 342, 18, 182
NARROW = 26


def histogram(labels: Sequence[str], counts: Sequence[int], *, title: str, x_label: str) -> Markup:
    """Return one bar a value, with its count above it.

    Parameters
    ----------
    labels : sequence of str
    counts : sequence of int
    title, x_label : str
    """
    most = max([*counts, 1])
    y = Scale(0, most, BOTTOM, TOP)
    step = (RIGHT - LEFT) / max(len(labels), 1)
    every = max(1, -(-len(labels) // 12))
    bars = []
    for number, (label, n) in enumerate(zip(labels, counts, strict=True)):
        left = LEFT + step * number
        middle = left + step / 2
        tall = max(BOTTOM - y(n), 1.0) if n else 0.0
        parts = [svg.rect(left + 1.5, BOTTOM - tall, step - 3, tall, "bar", rx=1.5)]
        if n and step >= NARROW:
            above = BOTTOM - tall - 5
            parts.append(svg.text(middle, above, count(n), "tick", text_anchor="middle"))
        if number % every == 0:
            parts.append(svg.text(middle, BOTTOM + 16, label, "tick", text_anchor="middle"))
        bars.append(svg.group(*parts, hint=f"{label}: {count(n)}"))
    return svg.drawing(
        WIDTH,
        HEIGHT,
        *bars,
        svg.line(LEFT, BOTTOM, RIGHT, BOTTOM, "base"),
        svg.text((LEFT + RIGHT) / 2, HEIGHT - 8, x_label, "axis-label", text_anchor="middle"),
        kind="histogram",
        title=title,
        description=_in_words(labels, counts),
    )


def opposed_histogram(
    edges: Sequence[float],
    above: Sequence[int],
    below: Sequence[int],
    *,
    names: tuple[str, str],
    title: str,
    x_label: str,
) -> Markup:
    """Return two histograms over shares, one above the line and one below, each on its own scale.

    Parameters
    ----------
    edges : sequence of float (m + 1)
        From 0 to 1.
    above, below : sequence of int (m,)
    names : (str, str)
        What is counted above and below.
    title, x_label : str
    """
    x = Scale(edges[0], edges[-1], LEFT, RIGHT)
    middle = (TOP + BOTTOM) / 2
    room = middle - TOP - 4
    parts = []
    for side, (counts, name) in enumerate(zip((above, below), names, strict=True)):
        tall = Scale(0, max([*counts, 1]), 0, room)
        kind = ("right", "wrong")[side]
        for low, high, n in zip(edges, edges[1:], counts, strict=False):
            height = max(tall(n), 1.0) if n else 0.0
            top = middle - 1 - height if side == 0 else middle + 1
            bar = svg.rect(x(low) + 1, top, x(high) - x(low) - 2, height, f"bar {kind}")
            parts.append(svg.group(bar, hint=f"{name}, {low:.0%} to {high:.0%}: {count(n)}"))
        at = TOP + 2 if side == 0 else BOTTOM - 4
        told = f"{count(sum(counts))} {name}"
        parts.append(svg.text(LEFT, at, told, f"legend {kind}"))
    ticks = [
        svg.text(
            x(k / 4),
            BOTTOM + 16,
            f"{k / 4:.0%}",
            "tick",
            text_anchor="end" if k == 4 else "middle" if k else "start",
        )
        for k in range(5)
    ]
    return svg.drawing(
        WIDTH,
        HEIGHT,
        *parts,
        *ticks,
        svg.line(LEFT, middle, RIGHT, middle, "base"),
        svg.text((LEFT + RIGHT) / 2, HEIGHT - 8, x_label, "axis-label", text_anchor="middle"),
        kind="histogram",
        title=title,
    )


def _in_words(labels: Sequence[str], counts: Sequence[int]) -> str:
    return "; ".join(f"{label}: {count(n)}" for label, n in zip(labels, counts, strict=True) if n)

"""Trials by two objectives: the front stands out, and everything else is faint."""

import statistics
from collections.abc import Sequence
from dataclasses import dataclass

from markupsafe import Markup

from finetrust.report.plots import svg
from finetrust.report.plots.scale import Scale, round_ticks, tick_label

WIDTH, HEIGHT = 460, 330
LEFT, RIGHT, TOP, BOTTOM = 62, 436, 16, 274
LABELS = 12
HIGHER, LOWER = "\N{UPWARDS ARROW}", "\N{DOWNWARDS ARROW}"
"""Behind the name of an objective: which way is better."""


@dataclass(frozen=True)
class Dot:
    """One trial.

    Parameters
    ----------
    x, y : float
    name : str
        Written beside it where it is on the front.
    hint : str
        Shown where the pointer rests on it.
    on_front : bool
    chosen : bool
        Gets a ring.
    """

    x: float
    y: float
    name: str
    hint: str
    on_front: bool
    chosen: bool = False


@dataclass(frozen=True)
class Axis:
    """One objective.

    Parameters
    ----------
    label : str
    percents : bool
        Whether values are shares, to be shown as percents.
    higher : bool
        Whether higher is better.
    """

    label: str
    percents: bool
    higher: bool


def front_plot(dots: Sequence[Dot], x: Axis, y: Axis, *, title: str, joined: bool = True) -> Markup:
    """Return the trials over two axes; what lies beyond an end stands at that end.

    Parameters
    ----------
    dots : sequence of Dot
        At least one.
    x, y : Axis
    title : str
    joined : bool
        Whether the front is a line in these axes: not where there are more objectives than two.
    """
    x_ticks = _ticks([(dot.x, dot.on_front) for dot in dots], x)
    y_ticks = _ticks([(dot.y, dot.on_front) for dot in dots], y)
    across = Scale(x_ticks[0], x_ticks[-1], LEFT, RIGHT)
    up = Scale(y_ticks[0], y_ticks[-1], BOTTOM, TOP)
    front = sorted((d for d in dots if d.on_front), key=lambda d: (d.x, d.y))
    places = [(across(d.x * _factor(x)), up(d.y * _factor(y))) for d in front]
    steps = _steps(places, x, y) if joined else []
    shown = [
        _dot(dot, across(dot.x * _factor(x)), up(dot.y * _factor(y)), len(front) <= LABELS)
        for dot in sorted(dots, key=lambda d: d.on_front)
    ]
    return svg.drawing(
        WIDTH,
        HEIGHT,
        *(
            part
            for tick in y_ticks
            for part in (
                svg.line(LEFT, up(tick), RIGHT, up(tick), "grid"),
                svg.text(LEFT - 7, up(tick) + 4, _label(tick, y), "tick", text_anchor="end"),
            )
        ),
        *(
            part
            for tick in x_ticks
            for part in (
                svg.line(across(tick), TOP, across(tick), BOTTOM, "grid"),
                svg.text(across(tick), BOTTOM + 18, _label(tick, x), "tick", text_anchor="middle"),
            )
        ),
        svg.text((LEFT + RIGHT) / 2, HEIGHT - 14, _aim(x), "axis-label", text_anchor="middle"),
        svg.text(
            14,
            (TOP + BOTTOM) / 2,
            _aim(y),
            "axis-label",
            text_anchor="middle",
            transform=f"rotate(-90 14 {(TOP + BOTTOM) / 2:g})",
        ),
        *([svg.polyline(steps, "stroke")] if len(steps) > 1 else []),
        *shown,
        kind="front-plot",
        title=title,
        description="On the front: " + "; ".join(dot.hint for dot in front),
    )


def _steps(places: list[tuple[float, float]], x: Axis, y: Axis) -> list[tuple[float, float]]:
    """Return the corners of the line below which everything is dominated by some trial of the front."""
    joined: list[tuple[float, float]] = []
    for place in places:
        if joined:
            before = joined[-1]
            # What is ruled by both neighbours: the worse of both in each axis.
            worse_x = min(before[0], place[0]) if x.higher else max(before[0], place[0])
            worse_y = max(before[1], place[1]) if y.higher else min(before[1], place[1])
            joined.append((worse_x, worse_y))
        joined.append(place)
    return joined


def _dot(dot: Dot, x: float, y: float, labelled: bool) -> Markup:
    parts = [svg.circle(x, y, 4.5 if dot.on_front else 3.2, "dot")]
    if dot.chosen:
        parts.append(svg.circle(x, y, 8.5, "kept"))
    if dot.on_front and labelled:
        end = x > RIGHT - 30
        side = -11 if end else 11
        parts.append(
            svg.text(x + side, y + 4, dot.name, "legend", text_anchor="end" if end else "start")
        )
    return svg.group(*parts, class_="on-front" if dot.on_front else "behind", hint=dot.hint)


def _ticks(values: Sequence[tuple[float, bool]], axis: Axis) -> list[float]:
    """Return ticks that enclose the front and the better half of all trials; values, and which are on it."""
    scaled = [value * _factor(axis) for value, _ in values]
    front = [value * _factor(axis) for value, on_front in values if on_front]
    middle = statistics.median(scaled)
    if axis.higher:
        return round_ticks(min([middle, *front]), max(scaled))
    return round_ticks(min(scaled), max([middle, *front]))


def _factor(axis: Axis) -> int:
    return 100 if axis.percents else 1


def _label(tick: float, axis: Axis) -> str:
    return tick_label(tick) + ("%" if axis.percents else "")


def _aim(axis: Axis) -> str:
    return f"{axis.label} {HIGHER if axis.higher else LOWER}"

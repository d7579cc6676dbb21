"""Line chart: figures over epochs, with the phases and the epochs that were kept."""

from collections.abc import Sequence
from dataclasses import dataclass

from markupsafe import Markup

from finetrust.report.plots import svg
from finetrust.report.plots.scale import Scale, round_ticks, tick_label

WIDTH, HEIGHT = 370, 262
LEFT, RIGHT, TOP, BOTTOM = 42, 362, 44, 220


@dataclass(frozen=True)
class Line:
    """One line of a chart.

    Parameters
    ----------
    name : str
    points : sequence of (float, float)
    kept : sequence of (float, float)
        Points with a ring around them.
    """

    name: str
    points: Sequence[tuple[float, float]]
    kept: Sequence[tuple[float, float]] = ()


def line_chart(
    lines: Sequence[Line],
    *,
    title: str,
    x_label: str,
    percents: bool = False,
    phases: Sequence[tuple[str, float, float]] = (),
) -> Markup:
    """Return lines over a common axis, told apart by colour and by dashes.

    Parameters
    ----------
    lines : sequence of Line
        At least one with a point.
    title : str
    x_label : str
    percents : bool
        Whether the values are shares, to be shown as percents.
    phases : sequence of (name, first x, last x)
    """
    values = [y * (100 if percents else 1) for line in lines for _, y in line.points]
    places = [x for line in lines for x, _ in line.points]
    ticks = round_ticks(min(values), max(values))
    y = Scale(ticks[0], ticks[-1], BOTTOM, TOP)
    x = Scale(min(places) - 0.5, max(places) + 0.5, LEFT, RIGHT)
    return svg.drawing(
        WIDTH,
        HEIGHT,
        *_phases(phases, x),
        *_y_axis(ticks, y, percents),
        *_x_axis(places, x, x_label),
        *(_line(line, number, x, y, percents) for number, line in enumerate(lines, start=1)),
        _legend(lines),
        kind="line-chart",
        title=title,
        description=_description(lines, x_label),
    )


def _phases(phases: Sequence[tuple[str, float, float]], x: Scale) -> list[Markup]:
    parts = []
    for number, (name, first, last) in enumerate(phases):
        left, right = x(first - 0.5), x(last + 0.5)
        if number % 2:
            parts.append(svg.rect(left, TOP, right - left, BOTTOM - TOP, "phase-band"))
        letters = int((right - left) / 6.2)
        if letters >= 4:
            name = name if len(name) <= letters else name[: letters - 1] + "…"
            middle = (left + right) / 2
            parts.append(svg.text(middle, TOP - 6, name, "phase-name", text_anchor="middle"))
    return parts


def _y_axis(ticks: Sequence[float], y: Scale, percents: bool) -> list[Markup]:
    parts = []
    for tick in ticks:
        label = tick_label(tick) + ("%" if percents else "")
        parts.append(svg.line(LEFT, y(tick), RIGHT, y(tick), "grid"))
        parts.append(svg.text(LEFT - 6, y(tick) + 4, label, "tick", text_anchor="end"))
    return parts


def _x_axis(places: Sequence[float], x: Scale, label: str) -> list[Markup]:
    first, last = min(places), max(places)
    ticks = [t for t in round_ticks(first, last, 10) if t == int(t) and first <= t <= last]
    ticks = ticks or [first]
    parts = [
        svg.text(x(t), BOTTOM + 18, tick_label(t), "tick", text_anchor="middle") for t in ticks
    ]
    middle = (LEFT + RIGHT) / 2
    return [*parts, svg.text(middle, HEIGHT - 6, label, "axis-label", text_anchor="middle")]


def _line(line: Line, number: int, x: Scale, y: Scale, percents: bool) -> Markup:
    factor = 100 if percents else 1
    points = [(x(a), y(b * factor)) for a, b in line.points]
    parts = [svg.polyline(points, "stroke")] if len(points) > 1 else []
    if len(points) <= 30:
        parts += [svg.circle(a, b, 2.5, "dot") for a, b in points]
    parts += [svg.circle(x(a), y(b * factor), 6.5, "kept") for a, b in line.kept]
    return svg.group(*parts, class_=f"series series-{number}", hint=line.name)


def _legend(lines: Sequence[Line]) -> Markup:
    parts, left = [], LEFT
    for number, line in enumerate(lines, start=1):
        parts.append(
            svg.group(
                svg.line(left, 12, left + 22, 12, "stroke"),
                svg.text(left + 28, 16, line.name, "legend"),
                class_=f"series series-{number}",
            )
        )
        left += 28 + round(6.6 * len(line.name)) + 20
    if any(line.kept for line in lines):
        parts.append(
            svg.group(
                svg.circle(left + 7, 12, 5.5, "kept"),
                svg.text(left + 18, 16, "kept", "legend"),
                class_="series series-kept",
            )
        )
    return svg.group(*parts)


def _description(lines: Sequence[Line], x_label: str) -> str:
    told = [
        f"{line.name}: from {line.points[0][1]:.4g} to {line.points[-1][1]:.4g}"
        for line in lines
        if line.points
    ]
    return f"Over {x_label}: " + "; ".join(told)

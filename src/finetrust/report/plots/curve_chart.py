"""Curve chart: a share against another share or a size, with a band and faint curves for comparison."""

from collections.abc import Sequence
from dataclasses import dataclass

from markupsafe import Markup

from finetrust.report.plots import svg
from finetrust.report.plots.scale import Scale, round_ticks, tick_label

WIDTH, HEIGHT = 350, 322
LEFT, RIGHT, TOP, BOTTOM = 54, 338, 12, 270
TURNED_AT = 13

Point = tuple[float, float]

SHARES = tuple((k / 4, f"{k / 4:.0%}") for k in range(5))


@dataclass(frozen=True)
class Curve:
    """One curve.

    Parameters
    ----------
    name : str
        Shown where the pointer rests.
    points : sequence of (float, float)
    kind : str
        ``"main"``, ``"worst"``, ``"faint"`` (one of many), ``"ideal"`` (dashed), ``"measured"`` (with a
        dot at every point) or ``"dots"`` (nothing else).
    band : sequence of (x, low, high)
        Its interval at each place; empty if there is none.
    """

    name: str
    points: Sequence[Point]
    kind: str = "main"
    band: Sequence[tuple[float, float, float]] = ()


def curve_chart(
    curves: Sequence[Curve],
    *,
    title: str,
    x_label: str,
    y_label: str,
    highest: float = 1.0,
    diagonal: bool = False,
    x_ticks: Sequence[tuple[float, str]] = SHARES,
    y_ticks: Sequence[tuple[float, str]] | None = None,
) -> Markup:
    """Return curves of shares, from 0 % upwards, over shares or over other places.

    Parameters
    ----------
    curves : sequence of Curve
        The last one is drawn on top.
    title, x_label, y_label : str
    highest : float
        Where the upright axis ends; what lies above is drawn at its end.
    diagonal : bool
        Whether the line from the lower left to the upper right corner is drawn.
    x_ticks : sequence of (float, str)
        Places on the lower axis with their labels, ascending, two or more; it runs from the first to
        the last.
    y_ticks : sequence of (float, str), optional
        The same for the upright axis, where the values are no shares.
    """
    up = y_ticks or [
        (tick / 100, f"{tick_label(tick)}%") for tick in round_ticks(0.0, highest * 100, 6)
    ]
    first, last = x_ticks[0][0], x_ticks[-1][0]
    x, y = Scale(first, last, LEFT, RIGHT), Scale(up[0][0], up[-1][0], BOTTOM, TOP)
    chance = [svg.line(x(first), y(0), x(last), y(last), "diagonal")] if diagonal else []
    return svg.drawing(
        WIDTH,
        HEIGHT,
        *_axes(x, y, up, x_ticks, x_label, y_label),
        *chance,
        *(_band(curve, x, y) for curve in curves if len(curve.band) > 1),
        *(_curve(curve, x, y) for curve in curves if curve.points),
        kind="curve-chart",
        title=title,
    )


def _axes(
    x: Scale,
    y: Scale,
    y_ticks: Sequence[tuple[float, str]],
    x_ticks: Sequence[tuple[float, str]],
    x_label: str,
    y_label: str,
) -> list[Markup]:
    parts = []
    for place, label in y_ticks:
        at = y(place)
        parts.append(svg.line(LEFT, at, RIGHT, at, "grid"))
        parts.append(svg.text(LEFT - 7, at + 4, label, "tick", text_anchor="end"))
    for k, (place, label) in enumerate(x_ticks):
        anchor = "end" if k == len(x_ticks) - 1 else "middle" if k else "start"
        parts.append(svg.text(x(place), BOTTOM + 17, label, "tick", text_anchor=anchor))
    across, up = (LEFT + RIGHT) / 2, (TOP + BOTTOM) / 2
    turned = f"rotate(-90 {TURNED_AT} {up:g})"
    upright = {"text_anchor": "middle", "transform": turned}
    return [
        *parts,
        svg.text(across, HEIGHT - 8, x_label, "axis-label", text_anchor="middle"),
        svg.text(TURNED_AT, up, y_label, "axis-label", **upright),
    ]


def _band(curve: Curve, x: Scale, y: Scale) -> Markup:
    there = [(x(at), y(high)) for at, _, high in curve.band]
    back = [(x(at), y(low)) for at, low, _ in reversed(curve.band)]
    return svg.polygon([*there, *back], "curve-band")


def _curve(curve: Curve, x: Scale, y: Scale) -> Markup:
    points = [(x(a), y(b)) for a, b in curve.points]
    # A single point is no line.
    line = len(points) > 1 and curve.kind != "dots"
    drawn = [svg.polyline(points, "stroke")] if line else []
    if not line or curve.kind == "measured":
        drawn += [svg.circle(*point, 3, "dot") for point in points]
    return svg.group(*drawn, class_=f"curve {curve.kind}", hint=curve.name)

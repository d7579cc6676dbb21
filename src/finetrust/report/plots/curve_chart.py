"""Curve chart: one figure against another, both shares, with a band and faint curves for comparison."""

from collections.abc import Sequence
from dataclasses import dataclass

from markupsafe import Markup

from finetrust.report.plots import svg
from finetrust.report.plots.scale import Scale, round_ticks, tick_label

WIDTH, HEIGHT = 350, 322
LEFT, RIGHT, TOP, BOTTOM = 54, 338, 12, 270
TURNED_AT = 13

Point = tuple[float, float]


@dataclass(frozen=True)
class Curve:
    """One curve.

    Parameters
    ----------
    name : str
        Shown where the pointer rests.
    points : sequence of (float, float)
    kind : str
        ``"main"``, ``"worst"``, ``"faint"`` (one of many) or ``"ideal"`` (dashed).
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
) -> Markup:
    """Return curves of shares over shares, from 0 to 100 %.

    Parameters
    ----------
    curves : sequence of Curve
        The last one is drawn on top.
    title, x_label, y_label : str
    highest : float
        Where the upright axis ends; what lies above is drawn at its end.
    diagonal : bool
        Whether the line of what chance alone would reach is drawn.
    """
    ticks = round_ticks(0.0, highest * 100, 6)
    x, y = Scale(0, 1, LEFT, RIGHT), Scale(0, ticks[-1] / 100, BOTTOM, TOP)
    chance = [svg.line(x(0), y(0), x(1), y(1), "diagonal")] if diagonal else []
    return svg.drawing(
        WIDTH,
        HEIGHT,
        *_axes(x, y, ticks, x_label, y_label),
        *chance,
        *(_band(curve, x, y) for curve in curves if len(curve.band) > 1),
        *(_curve(curve, x, y) for curve in curves if curve.points),
        kind="curve-chart",
        title=title,
    )


def _axes(x: Scale, y: Scale, ticks: Sequence[float], x_label: str, y_label: str) -> list[Markup]:
    parts = []
    for tick in ticks:
        at = y(tick / 100)
        parts.append(svg.line(LEFT, at, RIGHT, at, "grid"))
        parts.append(svg.text(LEFT - 7, at + 4, f"{tick_label(tick)}%", "tick", text_anchor="end"))
    for k in range(5):
        anchor = "end" if k == 4 else "middle" if k else "start"
        label = f"{k / 4:.0%}"
        parts.append(svg.text(x(k / 4), BOTTOM + 17, label, "tick", text_anchor=anchor))
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
    drawn = svg.polyline(points, "stroke") if len(points) > 1 else svg.circle(*points[0], 3, "dot")
    return svg.group(drawn, class_=f"curve {curve.kind}", hint=curve.name)

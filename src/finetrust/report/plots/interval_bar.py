"""Interval bar: a value and its 95 % interval on a scale, small enough for a table."""

from markupsafe import Markup

from finetrust.report.plots import svg
from finetrust.report.plots.scale import Scale

WIDTH, HEIGHT = 160, 14
EDGE = 2


def interval_bar(
    value: float,
    low: float,
    high: float,
    *,
    span: tuple[float, float] = (0.0, 1.0),
    line: float | None = None,
    title: str = "",
) -> Markup:
    """Return a track with a band from `low` to `high` and a mark at `value`.

    Parameters
    ----------
    value, low, high : float
    span : (float, float)
        The values at the ends of the track.
    line : float, optional
        A value to compare with, drawn as a thin line over the whole height.
    title : str
        Read aloud, and shown where the pointer rests.
    """
    x = Scale(*span, EDGE, WIDTH - EDGE)
    middle = HEIGHT / 2
    left, right = x(low), x(high)
    compared = [] if line is None else [svg.line(x(line), 0, x(line), HEIGHT, "compared")]
    return svg.drawing(
        WIDTH,
        HEIGHT,
        svg.group(
            svg.rect(0, 0, WIDTH, HEIGHT, "hit"),
            svg.rect(EDGE, middle - 1, WIDTH - 2 * EDGE, 2, "track", rx=1),
            svg.rect(left, middle - 4, max(right - left, 1.0), 8, "band", rx=2),
            *compared,
            svg.rect(x(value) - 1.5, 0, 3, HEIGHT, "mark", rx=1.5),
            hint=title,
        ),
        kind="interval-bar",
        title=title,
    )

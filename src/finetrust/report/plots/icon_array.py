"""Icon array: a share as a hundred dots, the easiest picture of a chance (Galesic et al. 2009)."""

from markupsafe import Markup

from finetrust.report.plots import svg

SIDE = 10
STEP = 15
RADIUS = 5.4


def icon_array(low: float, high: float, *, title: str) -> Markup:
    """Return 100 dots: full up to the lower bound, rings above the upper one, half in between.

    Parameters
    ----------
    low, high : float
        Bounds of a share, 0 to 1.
    title : str
    """
    sure, possible = round(low * 100), round(high * 100)
    dots = []
    for number in range(SIDE * SIDE):
        row, column = divmod(number, SIDE)
        kind = "sure" if number < sure else "open" if number < possible else "missed"
        x, y = STEP * (column + 0.5), STEP * (row + 0.5)
        dots.append(svg.circle(x, y, RADIUS if kind != "missed" else RADIUS - 0.9, kind))
    return svg.drawing(STEP * SIDE, STEP * SIDE, *dots, kind="icon-array", title=title)

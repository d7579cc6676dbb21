"""Two bars, one above the other: the same share in two sets of data, small enough for a table."""

from markupsafe import Markup

from finetrust.report.numbers import percent
from finetrust.report.plots import svg
from finetrust.report.plots.scale import Scale

WIDTH, HEIGHT = 160, 16


def pair_of_bars(shares: tuple[float, float], most: float, *, title: str) -> Markup:
    """Return two shares as bars on one scale.

    Parameters
    ----------
    shares : (float, float)
    most : float
        The share that fills the whole width.
    title : str
    """
    x = Scale(0, most or 1.0, 0, WIDTH)
    bars = [
        svg.group(
            svg.rect(0, 8 * row, x(share), 6.5, f"part part-{row + 1}", rx=1),
            hint=percent(share),
        )
        for row, share in enumerate(shares)
    ]
    told = f"{title}: {percent(shares[0])} and {percent(shares[1])}"
    return svg.drawing(WIDTH, HEIGHT, *bars, kind="stacked-bar pair-of-bars", title=told)

"""Bar: a count against the largest one, small enough for a table."""

from collections.abc import Sequence

from markupsafe import Markup

from finetrust.report.plots import svg
from finetrust.report.plots.scale import Scale

WIDTH, HEIGHT = 160, 12


def stacked_bar(parts: Sequence[tuple[str, int]], most: int, *, title: str) -> Markup:
    """Return named counts end to end, as long as their sum is against `most`.

    Parameters
    ----------
    parts : sequence of (name, count)
    most : int
        The sum that fills the whole width.
    title : str
    """
    x = Scale(0, max(most, 1), 0, WIDTH)
    bars, done = [], 0
    for number, (name, n) in enumerate(parts, start=1):
        left, right = x(done), x(done + n)
        done += n
        bar = svg.rect(left, 1, right - left - (0.6 if n else 0), HEIGHT - 2, f"part part-{number}")
        bars.append(svg.group(bar, hint=f"{name}: {n}"))
    return svg.drawing(WIDTH, HEIGHT, *bars, kind="stacked-bar", title=title)

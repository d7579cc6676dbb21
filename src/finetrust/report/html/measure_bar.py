"""The bar of a measure in a table: on a scale from 0 to 1 for shares, else up to a round number."""

from markupsafe import Markup

from finetrust.core.measure import Measure
from finetrust.report.numbers import SPACE, interval_of, value_of
from finetrust.report.plots.interval_bar import interval_bar
from finetrust.report.plots.scale import round_ticks


def measure_bar(
    measure: Measure, span: tuple[float, float] | None = None, line: float | None = None
) -> Markup:
    """Return value and interval of a measure as a bar; nothing where it does not apply.

    Parameters
    ----------
    measure : Measure
    span : (float, float), optional
        The ends of the scale.
    line : float, optional
        A value to compare with, e.g. that of all the data, drawn as a line.
    """
    if measure.value is None or measure.ci_low is None or measure.ci_high is None:
        return Markup("")
    return interval_bar(
        measure.value,
        measure.ci_low,
        measure.ci_high,
        span=span or scale_of([measure]),
        line=line,
        title=f"{value_of(measure)}, 95{SPACE}% interval {interval_of(measure)}",
    )


def scale_of(measures: list[Measure]) -> tuple[float, float]:
    """Return the ends of a scale on which all of `measures`, which have one unit, can be shown.

    Where none of them applies there is nothing to show, and any scale will do.
    """
    bounds = [b for m in measures for b in (m.value, m.ci_low, m.ci_high) if b is not None]
    if not bounds or (measures[0].unit == "%" and all(0 <= bound <= 1 for bound in bounds)):
        return 0.0, 1.0
    ticks = round_ticks(min(0.0, *bounds), max(bounds))
    return ticks[0], ticks[-1]

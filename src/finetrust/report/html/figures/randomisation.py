"""How alike heat maps stay while layer after layer of the network is drawn anew."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from finetrust.core.measure import Measure
from finetrust.report.details import number_in, rows_in
from finetrust.report.html.figure import Figure, figure, side_by_side
from finetrust.report.names import subset_label
from finetrust.report.numbers import number
from finetrust.report.plots.curve_chart import SHARES, Curve, curve_chart
from finetrust.report.report_data import ReportData

SAME = 0.5
Y_TICKS = ((-0.5, "−0.5"), (0.0, "0"), (0.5, "0.5"), (1.0, "1"))


@figure("randomisation", order=185)
def randomisation(measures: Sequence[Measure], data: ReportData) -> Iterator[Figure]:
    """Yield the curves of the first measure that holds some by the share of layers that were drawn anew."""
    names = dict.fromkeys(m.name for m in measures)
    for name in names:
        found = {_title(m): m for m in measures if m.name == name and _stages(m)}
        if found:
            yield _figure(found)
            return


def _figure(found: Mapping[str, Measure]) -> Figure:
    ordered = sorted(found.items(), key=lambda item: not item[1].subset)
    curves = [_curve(name, measure) for name, measure in ordered]
    limit = Curve("the same explanation from here on", [(0.0, SAME), (1.0, SAME)], "ideal")
    main = next((name for name, measure in ordered if not measure.subset), None)
    told = f"The blue line is that of {main}, with its interval; the" if main else "The"
    return Figure(
        "As the network is drawn anew, layer by layer",
        "How alike explanations stay to those of the trained network: 1 is the same order of all places or "
        f"words, 0 none. {told} faint lines are those of the other methods. A line that stays above the "
        "dashed one to the end is that of a method which does not look at the network.",
        side_by_side(
            [
                (
                    "",
                    curve_chart(
                        [limit, *curves],
                        title="; ".join(curve.name for curve in curves),
                        x_label="share of the layers drawn anew, from the top",
                        y_label="rank correlation",
                        x_ticks=SHARES,
                        y_ticks=Y_TICKS,
                    ),
                )
            ]
        ),
    )


def _curve(name: str, measure: Measure) -> Curve:
    stages = _stages(measure)
    points = [(0.0, 1.0), *((x, of["value"]) for x, of in stages)]
    told = f"{name}: {number(points[-1][1])} at the end"
    if measure.subset:
        return Curve(told, points, "faint")
    band = [
        (x, of["ci_low"], of["ci_high"])
        for x, of in stages
        if None not in (of["ci_low"], of["ci_high"])
    ]
    return Curve(told, points, "measured", [(0.0, 1.0, 1.0), *band] if band else ())


def _stages(measure: Measure) -> list[tuple[float, dict[str, Any]]]:
    """Return the share of the layers and the rank correlation of each stage that has one."""
    found = []
    for row in rows_in(measure.details, "curve", "share_of_layers", "rank_correlation"):
        told, share = row["rank_correlation"], number_in(row, "share_of_layers")
        if isinstance(told, Mapping) and share is not None:
            of = {key: number_in(told, key) for key in ("value", "ci_low", "ci_high")}
            if of["value"] is not None:
                found.append((share, of))
    return found


def _title(measure: Measure) -> str:
    title = measure.details.get("title")
    return title if isinstance(title, str) else subset_label(measure) or measure.title

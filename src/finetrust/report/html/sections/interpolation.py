"""Interpolation: validation figures on the line from the pretrained to the fine-tuned weights."""

from collections.abc import Mapping, Sequence
from typing import Any

from markupsafe import Markup

from finetrust.report.html.section import section
from finetrust.report.html.template import fill
from finetrust.report.names import words
from finetrust.report.numbers import number, percent
from finetrust.report.plots.curve_chart import Curve, curve_chart
from finetrust.report.plots.scale import round_ticks, tick_label
from finetrust.report.report_data import ReportData

NARROWEST = 0.01
"""Share of the values that the upright axis spans at least: what differs by less is drawn as a flat line."""


@section("interpolation", order=75, title="Between the pretrained and the fine-tuned weights")
def interpolation(data: ReportData) -> Markup | None:
    """Return the curves of WiSE-FT (Wortsman et al. 2022, figure 1), where a run has them."""
    found = data.record.get("additions", {}).get("wise-ft")
    if not found:
        return None
    curve, alpha = found.get("curve", ()), float(found["alpha"])
    charts = [_chart(curve, alpha, key) for key in (found.get("primary", ""), "loss")]
    return fill(
        "sections/interpolation.html.j2",
        alpha=percent(alpha),
        chosen=found.get("chosen", False),
        disturbed=percent(share) if (share := found.get("disturbed", 0.0)) else None,
        charts=[chart for chart in charts if chart is not None],
    )


def _chart(curve: Sequence[Mapping[str, Any]], alpha: float, key: str) -> tuple[str, Markup] | None:
    points = [(float(p["alpha"]), float(p[key])) for p in curve if p.get(key) is not None]
    if len(points) < 2:
        return None
    shares = key != "loss" and all(0 <= y <= 1 for _, y in points)
    write = percent if shares else number
    ticks = _ticks([y * (100 if shares else 1) for _, y in points])
    y_ticks = (
        [(t / 100, f"{tick_label(t)}%") for t in ticks if t <= 100]
        if shares
        else [(t, tick_label(t)) for t in ticks]
    )
    kept = [(x, y) for x, y in points if x == alpha]
    ends = f"{write(points[0][1])} at the pretrained end, {write(points[-1][1])} at the fine-tuned"
    told = f"{ends}, {write(kept[0][1])} where it was kept" if kept else ends
    title = words(key)
    chart = curve_chart(
        [Curve(told, points, "measured"), Curve("kept", kept, "worst")],
        title=f"{title} between both ends: {told}",
        x_label="share of the fine-tuned weights",
        y_label=title.lower(),
        y_ticks=y_ticks,
    )
    return title, chart


def _ticks(values: Sequence[float]) -> list[float]:
    low, high = min(values), max(values)
    flat = high - low < NARROWEST * abs(high)
    return round_ticks(low - NARROWEST * abs(low), high) if flat else round_ticks(low, high)

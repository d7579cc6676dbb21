"""Accuracy over the size of an attack, and what is proven whatever the attack."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from markupsafe import Markup

from finetrust.core.measure import Measure
from finetrust.report.details import curves_in, numbers_in
from finetrust.report.html.figure import Figure, figure, side_by_side
from finetrust.report.numbers import percent
from finetrust.report.plots.curve_chart import Curve, curve_chart
from finetrust.report.plots.scale import tick_label
from finetrust.report.report_data import ReportData


@figure("attack_curves", order=120)
def attack_curves(measures: Sequence[Measure], data: ReportData) -> Iterator[Figure]:
    """Yield the curves of the first measure that holds some over sizes, then those over radii."""
    for measure in measures:
        found = {**curves_in(_mapping(measure.details.get("curves")), "eps", "accuracy")}
        drawn = [_under_attack(curve) for curve in found.values() if len(curve["eps"]) > 1]
        if drawn:
            yield Figure(
                "How much it takes to fool it",
                f"How often it is still right when somebody who knows the network changes {data.inputs} "
                "in the worst way, the more the further right. A larger change is easier to see: 4/255 "
                "of a colour value is hardly visible. The bands show where the true share most likely "
                "lies; a stronger attack may find more.",
                side_by_side(drawn),
            )
            break
    for measure in measures:
        for curve in curves_in(measure.details, "radius", "accuracy").values():
            if len(curve["radius"]) > 1:
                yield Figure(
                    "What is proven, whatever the attack",
                    "How often the network with noise added, which is another network, is right and "
                    "provably stays so for every change up to this Euclidean length. What no attack has "
                    "broken may still break; what is proven cannot.",
                    side_by_side([("", _proven(curve))]),
                )
                return


def _under_attack(curve: Mapping[str, Any]) -> tuple[str, Markup]:
    labels = curve.get("labels")
    named = isinstance(labels, list) and len(labels) == len(curve["eps"])
    texts = labels if named and labels else [tick_label(x) for x in curve["eps"]]
    whole = {text.rpartition("/")[2] for text in map(str, texts) if "/" in text}
    what = f"change in levels of {whole.pop()}" if len(whole) == 1 else "size of the change"
    # Sizes double from one to the next: evenly spaced they can all be read.
    ticks = [(float(k), str(text).partition("/")[0]) for k, text in enumerate(texts)]
    title = str(curve.get("title") or "Size of the change")
    return title, _chart(curve, ticks, f"Accuracy under attack. {title}", what)


def _proven(curve: Mapping[str, Any]) -> Markup:
    ticks = [(float(k), tick_label(radius)) for k, radius in enumerate(curve["radius"])]
    return _chart(curve, ticks, "Certified accuracy", "Euclidean length of the change")


def _chart(
    curve: Mapping[str, Any], ticks: Sequence[tuple[float, str]], title: str, x_label: str
) -> Markup:
    places = [place for place, _ in ticks]
    low, high = numbers_in(curve, "low"), numbers_in(curve, "high")
    band = list(zip(places, low, high, strict=False))
    points = list(zip(places, map(float, curve["accuracy"]), strict=False))
    told = "; ".join(
        f"{label}: {percent(y)}" for (_, label), (_, y) in zip(ticks, points, strict=False)
    )
    return curve_chart(
        [Curve(told, points, "measured", band)],
        title=f"{title}: {told}",
        x_label=x_label,
        y_label="still right",
        x_ticks=ticks,
    )


def _mapping(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}

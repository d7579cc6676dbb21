"""Shortcuts: where in the image each lies, and how accurate the class is with and without it."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, TypeGuard

from markupsafe import Markup

from finetrust.core.measure import Measure
from finetrust.report.details import number_in, numbers_in, rows_in
from finetrust.report.html.figure import Figure, figure
from finetrust.report.html.template import fill
from finetrust.report.numbers import interval
from finetrust.report.plots import svg
from finetrust.report.plots.interval_bar import interval_bar
from finetrust.report.report_data import ReportData

SIDE = 64.0
LOOKED_AT = 12
Share = Mapping[str, Any]


@figure("shortcuts", order=220)
def shortcuts(measures: Sequence[Measure], data: ReportData) -> Iterator[Figure]:
    """Yield the alarms of the first measure that holds candidates, and what else was looked at."""
    for measure in measures:
        rows = [_row(c) for c in rows_in(measure.details, "candidates", "class", "place", "alarm")]
        known = [row for row in rows if row is not None]
        if measure.subset or not known:
            continue
        alarms = [row for row in known if row["alarm"]]
        others = [row for row in known if not row["alarm"]]
        yield Figure(
            "What it goes by instead of the object" if alarms else "What was looked for",
            "Each of these was taken from the images of a class, and given to those of others. Of all ways "
            "to take it away the one is shown that costs least."
            if alarms
            else "Nothing that the images of a class have in common raises an alarm. What comes nearest was:",
            fill("figures/shortcuts.html.j2", alarms=alarms, others=others[:LOOKED_AT]),
        )
        return


def _row(candidate: Mapping[str, Any]) -> dict[str, Any] | None:
    ways = [w for w in rows_in(candidate, "without", "filling", "value", "fall") if _is_share(w)]
    ways = [way for way in ways if isinstance(way["fall"], Mapping) and _is_share(way["fall"])]
    whole, turned = candidate.get("accuracy"), candidate.get("turned")
    if not (ways and _is_share(whole) and _is_share(turned)):
        return None
    least = min(ways, key=lambda way: float(way["fall"]["value"]))
    return {
        "class": str(candidate["class"]),
        "place": str(candidate["place"]),
        "alarm": candidate["alarm"] is True,
        "schematic": _schematic(candidate),
        "with": _told(whole),
        "without": {**_told(least), "filling": str(least["filling"])},
        "turned": _told(turned),
        "heat": _heat(candidate.get("heat")),
    }


def _is_share(figure: Any) -> TypeGuard[Share]:
    names = ("value", "ci_low", "ci_high", "n")
    return isinstance(figure, Mapping) and all(number_in(figure, n) is not None for n in names)


def _told(share: Share) -> dict[str, Any]:
    low, high = float(share["ci_low"]), float(share["ci_high"])
    between = interval(low, high, "%")
    value = float(share["value"])
    bar = interval_bar(value, low, high, title=between) if low >= 0 else Markup("")
    return {"value": value, "interval": between, "n": int(share["n"]), "bar": bar}


def _heat(heat: Any) -> dict[str, Any] | None:
    if not _is_share(heat) or number_in(heat, "even") is None:
        return None
    return {**_told(heat), "even": float(heat["even"])}


def _schematic(candidate: Mapping[str, Any]) -> Markup:
    """Return an empty image with the place marked."""
    height, width = (number_in(candidate, name) or 1.0 for name in ("height", "width"))
    scale = SIDE / max(height, width)
    wide, high = width * scale, height * scale
    kind, box = candidate.get("kind"), numbers_in(candidate, "box")
    if kind == "border":
        rim = SIDE / 16
        marked = [
            svg.rect(0, 0, wide, high, "bad"),
            svg.rect(rim, rim, wide - 2 * rim, high - 2 * rim, "ground"),
        ]
    elif kind == "background":
        marked = [
            svg.rect(0, 0, wide, high, "bad"),
            svg.rect(wide / 4, high / 4, wide / 2, high / 2, "ground", rx=SIDE / 6),
        ]
    elif len(box) == 4:
        x1, y1, x2, y2 = (float(edge) * scale for edge in box)
        marked = [svg.rect(x1, y1, x2 - x1, y2 - y1, "bad")]
    else:
        marked = [svg.rect(0, 0, wide, high, "bad", fill_opacity=0.5)]
    return svg.drawing(
        wide,
        high,
        svg.rect(0, 0, wide, high, "ground", rx=3),
        *marked,
        kind="heat-map",
        title=f"Image with the place marked: {candidate['place']}",
        least=SIDE,
    )

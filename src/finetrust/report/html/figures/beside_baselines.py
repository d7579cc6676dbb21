"""What an explanation reaches beside maps that know nothing of the network, on the same items."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from finetrust.core.measure import Measure
from finetrust.report.details import number_in
from finetrust.report.html.figure import Figure, figure
from finetrust.report.html.measure_bar import scale_of
from finetrust.report.html.template import fill
from finetrust.report.names import subset_kind, subset_value, words
from finetrust.report.report_data import ReportData
from finetrust.report.signed import signed, signed_interval

BASELINES = {
    "random": "A random map",
    "random_pixels": "Random pixels",
    "edges": "The edges of the image",
    "centre": "The middle of the image",
    "rare": "The rarest words first",
}
OF_TEXTS = {"random": "Words at random"}
KIND = "baseline"


@figure("beside_baselines", order=190)
def beside_baselines(measures: Sequence[Measure], data: ReportData) -> Iterator[Figure]:
    """Yield a table of the measures that were also taken of maps that know nothing of the network."""
    parts = [m for m in measures if subset_kind(m) == KIND]
    found = {(m.name, subset_value(m)): m for m in parts}
    names = dict.fromkeys(m.name for m in parts)
    whole = [m for m in measures if not m.subset and m.name in names]
    if not whole:
        return
    baselines = list(dict.fromkeys(subset_value(m) for m in parts))
    rows = []
    for measure in whole:
        others = [found.get((measure.name, name)) for name in baselines]
        of_maps = [
            (measure, ""),
            *zip(others, (_above(measure, n) for n in baselines), strict=True),
        ]
        span = scale_of([m for m, _ in of_maps if m is not None and m.applies])
        rows.append((measure, span, of_maps))
    yield Figure(
        "Beside explanations that know nothing of the network",
        f"An explanation that is no better than one drawn at random, or than {_simple(data)}, explains "
        "nothing. All figures are of the same items; below each stands its interval, and how far the "
        "explanation lies above or below it.",
        fill(
            "figures/beside_baselines.html.j2",
            maps=[_named(name, data) for name in baselines],
            rows=rows,
        ),
    )


def _named(baseline: str, data: ReportData) -> str:
    own = OF_TEXTS if data.inputs == "texts" else {}
    return own.get(baseline) or BASELINES.get(baseline, words(baseline))


def _simple(data: ReportData) -> str:
    return "naming the rarest words" if data.inputs == "texts" else "the edges of the image"


def _above(measure: Measure, baseline: str) -> str:
    """Return by how much a measure is above a baseline, with its interval; empty if it is not told."""
    table = measure.details.get("above")
    told: Any = table.get(baseline) if isinstance(table, Mapping) else None
    if not isinstance(told, Mapping):
        return ""
    value, low, high = (number_in(told, key) for key in ("value", "ci_low", "ci_high"))
    if value is None or low is None or high is None:
        return ""
    between = signed_interval(low, high, measure.unit)
    return f"{signed(value, measure.unit)} ({between})"

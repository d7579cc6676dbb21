"""The order of the entries: by quality within those examined alike, with reasons and the Pareto front."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from finetrust.core.pareto import pareto_front
from finetrust.selection.ensemble import default_weights, ensemble
from finetrust.selection.entry import Entry
from finetrust.selection.paired import paired_gap

OBJECTIVES = (
    ("accuracy", True),
    ("moved", False),
    ("calibration_error", False),
    ("near_ood", True),
    ("latency_ms", False),
)
"""What the Pareto front weighs, and whether more of it is better."""
QUALITY = "weighted standings by all scores and probes"
"""The weights are those that ``benchmarks/selection.py`` has calibrated on finished fine-tunings."""
PROBES = {
    "probe": "probe of the features",
    "probe-10": "the same with 10 % of the labels",
    "probe-30": "the same with 30 % of the labels",
    "best-layer": "probe of the best layer",
    "mean-layer": "probe, mean over all layers",
}
"""What takes part in the order beside the scores. Fine-tuning can use what any layer knows, and with few
labels other features are best than with many."""
TIMES_THAT_COUNT = 1.5
"""A cost that differs by less is not told."""

_STATUS_ORDER = ("ranked", "unfinished", "dropped")


def values_of(entry: Entry) -> dict[str, float]:
    """Return every score and every one of ``PROBES`` that an entry has, by name."""
    result = entry.result
    found = {name: score.get("value") for name, score in result["scores"].items()}
    found["probe"] = entry.figure("accuracy")
    measured = (result.get("data_size") or {}).get("measured")
    if measured:
        found["probe-10"], found["probe-30"] = (point["accuracy"] for point in measured[:2])
    layers = (result.get("depth") or {}).get("points")
    if layers:
        each = [point["accuracy"] for point in layers]
        found |= {"best-layer": max(each), "mean-layer": float(np.mean(each))}
    return {name: value for name, value in found.items() if value is not None}


def qualities(entries: Sequence[Entry]) -> dict[str, float]:
    """Return what the entries are ordered by, by name: from -1 to 1, higher is better.

    It is relative to these entries; those that have no score at all are left out.
    """
    return ensemble({e.name: values_of(e) for e in entries}, default_weights())


def ordered(examined: Sequence[Entry], rest: Sequence[Entry]) -> list[Entry]:
    """Return all entries, the best first, with ranks, reasons and the Pareto front.

    Those examined on more items stand before others: they were better on fewer.

    Parameters
    ----------
    examined, rest : sequence of Entry
        Those with a result, and those without.
    """
    found: list[Entry] = []
    sizes = sorted({e.n_items for e in examined}, reverse=True)
    for size in sizes:
        alike = [e for e in examined if e.n_items == size]
        quality = qualities(alike)
        alike = [replace(e, quality=quality.get(e.name)) for e in alike]
        found += sorted(alike, key=_key)
    whole = [e for e in found if e.status == "ranked"]
    front = _front(whole)
    ranked = [replace(e, rank=place + 1, pareto=e.name in front) for place, e in enumerate(found)]
    return [_with_reason(e, ranked) for e in ranked] + list(rest)


def _key(entry: Entry) -> tuple[int, float, str]:
    quality = -np.inf if entry.quality is None else entry.quality
    return _STATUS_ORDER.index(entry.status), -quality, entry.name


def _front(entries: Sequence[Entry]) -> set[str]:
    """Return the names on the Pareto front; the leader is always one of them."""
    if not entries:
        return set()
    ends = np.array([[_ends(e, name, more) for name, more in OBJECTIVES] for e in entries])
    on_it = pareto_front(ends[..., 0], ends[..., 1])
    return {entries[0].name, *(e.name for e, on in zip(entries, on_it, strict=True) if on)}


def _ends(entry: Entry, name: str, more: bool) -> tuple[float, float]:
    """Return the ends of an interval so that higher is better; NaN where there is none."""
    if name in entry.cost:
        low, high = entry.cost[f"{name}_low"], entry.cost[f"{name}_high"]
    else:
        found = entry.result.get(name) or {}
        low, high = found.get("low"), found.get("high")
    if low is None or high is None:
        return np.nan, np.nan
    return (low, high) if more else (-high, -low)


def _with_reason(entry: Entry, ranked: Sequence[Entry]) -> Entry:
    if entry.why:
        return entry
    if entry.status == "unfinished":
        told = f"the budget ended after {entry.n_items:,} items"
        return replace(entry, why="; ".join([told, *_told(entry, ranked)]))
    return replace(entry, why="; ".join(_told(entry, ranked)))


def _told(entry: Entry, ranked: Sequence[Entry]) -> list[str]:
    """Return what sets an entry apart from the best, or the best from the next."""
    alike = [e for e in ranked if e.n_items == entry.n_items]
    best = alike[0]
    if entry.name != best.name:
        return [*_beside(entry, best), *_strengths(entry, best)] or ["as good as the best"]
    if len(alike) == 1:
        return ["the only one that was examined on all items"]
    return [f"ahead of {alike[1].name}{_despite(entry, alike[1])}", *_beside(entry, alike[1])]


def _despite(entry: Entry, other: Entry) -> str:
    """Return what put an entry before another whose probe is better."""
    mine, its = entry.figure("accuracy"), other.figure("accuracy")
    return " by all scores together" if mine is None or (its or 0.0) > mine else ""


def _beside(entry: Entry, other: Entry) -> list[str]:
    """Return how the probes of two entries compare on the same observations."""
    found = paired_gap(entry.result["accuracy"], other.result["accuracy"])
    if found is None:
        return []
    gap, low, high = (100 * value for value in found)
    sure = ", no clear difference" if low <= 0 <= high else ""
    return [f"probe {gap:+.1f} points ({low:+.1f} to {high:+.1f}) against {other.name}{sure}"]


def _strengths(entry: Entry, best: Entry) -> list[str]:
    """Return in what an entry is better than the best."""
    found = []
    for name, word in (("latency_ms", "faster"), ("megabytes", "smaller")):
        cost, of_best = entry.figure(name), best.figure(name)
        if cost and of_best and of_best / cost >= TIMES_THAT_COUNT:
            found.append(f"{of_best / cost:.1f} times {word}")
    for name, more, words in (
        ("moved", False, "moves less when disturbed"),
        ("calibration_error", False, "better calibrated"),
        ("near_ood", True, "tells unknown classes better"),
    ):
        mine, its = entry.result.get(name) or {}, best.result.get(name) or {}
        if mine.get("value") is None or its.get("value") is None:
            continue
        if mine["low"] > its["high"] if more else mine["high"] < its["low"]:
            found.append(words)
    return found

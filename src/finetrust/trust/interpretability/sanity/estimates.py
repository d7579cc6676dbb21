"""Figures of the explanations, of the method that explains and of every other candidate."""

from collections.abc import Callable, Iterator, Mapping
from functools import partial
from typing import Any

import numpy as np

from finetrust.core.evidence import Evidence
from finetrust.core.measure import Absence, Estimate
from finetrust.trust.accuracy.intervals import bootstrap_mean, bootstrap_share, wilson
from finetrust.trust.interpretability.sanity.found import Found, found_in
from finetrust.trust.stability.corruption_replicates import shared_means

Interval = tuple[float, float]
OfMethod = Callable[[Found, str, str], Estimate | Absence]
"""From what was found, a method and the subset that it is called, to a figure."""

ONE_ITEM = "a single item shows no spread: there is no interval"


def of_methods(evidence: Evidence, estimate: OfMethod) -> Iterator[Estimate | Absence]:
    """Yield the figure of the method that explains, for all data, and then of every other candidate."""
    found = found_in(evidence)
    for method in found.methods:
        yield estimate(found, method, "" if method == found.chosen else f"method={method}")


def mean_of(
    evidence: Evidence,
    ids: np.ndarray,
    values: np.ndarray,
    subset: str,
    details: Mapping[str, Any],
    interval: Callable[[np.ndarray, int], Interval],
    secondary: bool = False,
) -> Estimate | Absence:
    """Return the mean of the known values; how many items have none is added to the details.

    Parameters
    ----------
    evidence : Evidence
    ids : str array (n,)
        The items that were tried.
    values : float array (n,)
        NaN where there is no figure.
    subset : str
    details : mapping
    interval : callable
        From values (m,) and a seed to the interval of their mean; m is at least 2.
    secondary : bool
    """
    known = np.isfinite(values)
    of_known = values[known]
    if not len(of_known):
        return Absence("no item has such a figure", subset)
    if len(of_known) < 2 and interval is any_mean:
        return Absence(ONE_ITEM, subset)
    low, high = interval(of_known, evidence.seed)
    return Estimate(
        float(of_known.mean()),
        low,
        high,
        len(of_known),
        subset,
        {**details, "without_figure": int((~known).sum())},
        partial(_replicates, evidence, ids[known], of_known),
        secondary,
    )


def share(values: np.ndarray, seed: int) -> Interval:
    """Return the Wilson interval of the share of values that are 1 and not 0."""
    low, high = wilson(values.sum(), len(values))
    return float(low), float(high)


def correlation(values: np.ndarray, seed: int) -> Interval:
    """Return the interval of the mean of values in [-1, 1]: BCa, or Wilson where they are all equal."""
    low, high = bootstrap_share((1 + values) / 2, seed)
    return 2 * low - 1, 2 * high - 1


def part(values: np.ndarray, seed: int) -> Interval:
    """Return the interval of the mean of values in [0, 1]: BCa, or Wilson where they are all equal."""
    return bootstrap_share(values, seed)


def any_mean(values: np.ndarray, seed: int) -> Interval:
    """Return the BCa interval of the mean of values without bounds."""
    return bootstrap_mean(values, seed)


def summary(
    values: np.ndarray, seed: int, interval: Callable[[np.ndarray, int], Interval]
) -> dict[str, float | int | None]:
    """Return the mean of the known values with interval and number, as JSON values."""
    known = values[np.isfinite(values)]
    if not len(known):
        return {"value": None, "ci_low": None, "ci_high": None, "n": 0}
    low, high = interval(known, seed)
    return {"value": float(known.mean()), "ci_low": low, "ci_high": high, "n": len(known)}


def _replicates(evidence: Evidence, ids: np.ndarray, values: np.ndarray) -> np.ndarray:
    return shared_means(evidence, ids, values[:, None])[:, 0]

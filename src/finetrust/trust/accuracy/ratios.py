"""Ratios of counts, F1 among them, with intervals by resampling the items that were counted.

Efron & Tibshirani, "An Introduction to the Bootstrap", 1993, section 14.3. Where every resample gives
the same ratio, the Wilson interval of that share of as many trials stands in.
"""

import numpy as np

from finetrust.trust.accuracy.intervals import RESAMPLES, bca_interval, resampled_means, wilson

_SAME = 1e-12


def ratio(
    hits: np.ndarray, uses: np.ndarray, seed: int, weight: float = 1.0
) -> tuple[float, float, float]:
    """Return ``weight * sum(hits) / sum(uses)`` and its BCa interval over the items.

    Parameters
    ----------
    hits, uses : float arrays (items,)
        At least one use.
    seed : int
    weight : float
        2 for F1, whose hits count twice.

    Returns
    -------
    value, low, high : float
    """
    return ratios(hits[:, None], uses[:, None], seed, weight)[0]


def ratios(
    hits: np.ndarray, uses: np.ndarray, seed: int, weight: float = 1.0
) -> list[tuple[float, float, float]]:
    """Return :func:`ratio` of each of k columns, for all of which the items are drawn once.

    Parameters
    ----------
    hits, uses : float arrays (items, k)
        At least one use in each column.
    seed : int
    weight : float

    Returns
    -------
    list of (value, low, high), k of them
    """
    total = uses.sum(axis=0)
    values = weight * hits.sum(axis=0) / total
    influences = weight * hits - values * uses
    varied = np.flatnonzero(np.ptp(influences, axis=0) >= _SAME)
    means = resampled_means(np.hstack([hits[:, varied], uses[:, varied]]), RESAMPLES, seed)
    drawn, used = np.split(means, 2, axis=1)
    found = [
        (value, *share_interval(value, n / weight))
        for value, n in np.stack([values, total], 1).tolist()
    ]
    for place, column in enumerate(varied):
        kept, value = used[:, place] > 0, float(values[column])
        replicates = weight * drawn[kept, place] / used[kept, place]
        low, high = bca_interval(value, replicates, influences[:, column])
        found[column] = (value, max(low, 0.0), min(high, 1.0))
    return found


def mean_f1(hits: np.ndarray, uses: np.ndarray, seed: int) -> tuple[float, float, float]:
    """Return the mean F1 of some kinds and its BCa interval over the items.

    Kinds without any use are left out, in each resample too.

    Parameters
    ----------
    hits, uses : float arrays (items, kinds)
        At least one use.
    seed : int

    Returns
    -------
    value, low, high : float
    """
    used = uses.any(axis=0)
    hits, uses = hits[:, used], uses[:, used]
    total = uses.sum(axis=0)
    f1 = 2 * hits.sum(axis=0) / total
    value = float(f1.mean())
    influence = ((2 * hits - f1 * uses) / total).mean(axis=1)
    if np.ptp(influence) < _SAME:
        return value, *share_interval(value, float(total.sum()) / 2)
    means = resampled_means(np.concatenate([hits, uses], axis=1), RESAMPLES, seed)
    right, drawn = np.split(means, 2, axis=1)
    there = (drawn > 0).sum(axis=1)
    sums = (2 * right / np.where(drawn > 0, drawn, 1)).sum(axis=1)
    low, high = bca_interval(value, sums[there > 0] / there[there > 0], influence)
    return value, max(low, 0.0), min(high, 1.0)


def f1_gain(
    ours: tuple[np.ndarray, np.ndarray], theirs: tuple[np.ndarray, np.ndarray], seed: int
) -> tuple[float, float, float]:
    """Return by how much one F1 is above another on the same items, and its BCa interval.

    Parameters
    ----------
    ours, theirs : (hits, uses), float arrays (items,)
        At least one use each.
    seed : int

    Returns
    -------
    value, low, high : float
    """
    (hits, uses), (other_hits, other_uses) = ours, theirs
    f1 = float(2 * hits.sum() / uses.sum())
    other = float(2 * other_hits.sum() / other_uses.sum())
    influence = (2 * hits - f1 * uses) / uses.sum()
    influence = influence - (2 * other_hits - other * other_uses) / other_uses.sum()
    if np.ptp(influence) < _SAME:
        low, high = share_interval(f1, float(uses.sum()) / 2)
        return f1 - other, low - other, high - other
    means = resampled_means(np.stack([*ours, *theirs], axis=1), RESAMPLES, seed)
    kept = means[(means[:, 1] > 0) & (means[:, 3] > 0)]
    gains = 2 * kept[:, 0] / kept[:, 1] - 2 * kept[:, 2] / kept[:, 3]
    return f1 - other, *bca_interval(f1 - other, gains, influence)


def share_interval(value: float, n: float) -> tuple[float, float]:
    """Return the Wilson interval of a share of `n` trials."""
    low, high = wilson(value * n, n)
    return min(float(low), value), max(float(high), value)

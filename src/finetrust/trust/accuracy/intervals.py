"""Confidence intervals: Wilson for shares, the bootstrap for means and what is computed from means.

Wilson, "Probable inference, the law of succession, and statistical inference", JASA 1927;
Efron & Tibshirani, "An Introduction to the Bootstrap", 1993, chapters 13 and 14.
"""

from collections.abc import Iterator
from functools import lru_cache

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import ndtr, ndtri

CELLS_AT_ONCE = 1 << 22
RESAMPLES = 1000
MOST_RESAMPLED = 100_000
BLOCKS = 5_000


def wilson(
    successes: ArrayLike, n: ArrayLike, level: float = 0.95
) -> tuple[np.ndarray, np.ndarray]:
    """Return the Wilson score interval of a share (Wilson 1927; Brown, Cai & DasGupta 2001, eq. 4).

    Parameters
    ----------
    successes : array-like of float, any shape
        How many of the items; a fraction is allowed (a mean of values in [0, 1], times n).
    n : array-like of float, broadcastable to `successes`
        Of how many. Where it is 0 nothing is known and the interval is [0, 1].
    level : float

    Returns
    -------
    low, high : float64 arrays of the broadcast shape
        Within [0, 1]; exactly 0 where no item succeeds and exactly 1 where all do.
    """
    successes, n = np.broadcast_arrays(np.asarray(successes, float), np.asarray(n, float))
    z2 = ndtri((1 + level) / 2) ** 2
    known = np.maximum(n, 1)
    share = successes / known
    centre = (successes + z2 / 2) / (known + z2)
    half = np.sqrt(z2 * (known * share * (1 - share) + z2 / 4)) / (known + z2)
    low = np.where((n == 0) | (successes == 0), 0.0, np.clip(centre - half, 0, 1))
    high = np.where((n == 0) | (successes == n), 1.0, np.clip(centre + half, 0, 1))
    return low, high


def bootstrap_mean(values: np.ndarray, seed: int, level: float = 0.95) -> tuple[float, float]:
    """Return the BCa interval of the mean of `values` (Efron & Tibshirani 1993, section 14.3).

    What is rare among few values is missing from their resamples. Share of 400 simulated sets of
    losses (NLL of 3 classes, accuracy 0.97) whose 95 % interval covers the true mean: 0.77 with
    n = 10, 0.82 with 30, 0.92 with 100, 0.95 with 400; with accuracy 0.51 it is 0.91 to 0.94
    throughout.

    Parameters
    ----------
    values : float array (n,)
        At least one; of a single value, or of equal ones, the interval has no width.
    seed : int
    level : float
    """
    replicates = resampled_means(values[:, None], RESAMPLES, seed)[:, 0]
    return bca_interval(float(values.mean()), replicates, values, level)


def bootstrap_share(values: np.ndarray, seed: int, level: float = 0.95) -> tuple[float, float]:
    """Return the interval of the mean of values that lie in [0, 1].

    BCa, except where the values are all equal: resampling equal values shows no uncertainty at
    all, however few there are, so that the Wilson interval of that share of n items is returned.

    Parameters
    ----------
    values : float array (n,)
    seed : int
    level : float
    """
    if np.ptp(values) == 0:
        low, high = wilson(values.sum(), len(values), level)
        return float(low), float(high)
    return bootstrap_mean(values, seed, level)


def resampled_means(values: np.ndarray, n_resamples: int = RESAMPLES, seed: int = 0) -> np.ndarray:
    """Return the column means of `n_resamples` resamples of the rows, drawn with replacement.

    The rows of a resample stay together, so that columns are paired, and equal numbers of rows are
    resampled alike under the same seed, so that two models judged on the same items in the same
    order are paired too. A resample is a row of counts, and all its means are one matrix product.

    Of more than ``MOST_RESAMPLED`` rows, ``BLOCKS`` random blocks of equal size are drawn instead.
    The variance that they show is right on average and has a relative standard error of
    sqrt(2 / BLOCKS) = 2 %, whatever is measured, be it rare: a quarter of the error that a
    thousand resamples make at the ends of an interval.

    Parameters
    ----------
    values : float array (n, m)
    n_resamples : int
    seed : int

    Returns
    -------
    float64 array (n_resamples, m)
    """
    n = len(values)
    values = np.ascontiguousarray(values, dtype=np.float64)
    if n <= MOST_RESAMPLED:
        chunks = [counts @ values / n for counts in resampled_counts(n, n_resamples, seed)]
        return np.concatenate(chunks)
    mean = values.mean(axis=0)
    block = block_of_each(n, seed)
    # Centred, so that blocks which differ in size by one do not differ in their sums for it.
    sums = np.stack(
        [np.bincount(block, column - m, BLOCKS) for column, m in zip(values.T, mean, strict=True)],
        axis=1,
    )
    return mean + np.concatenate(
        [counts @ sums / n for counts in resampled_counts(BLOCKS, n_resamples, seed)]
    )


def resampled_tallies(
    categories: np.ndarray, n_categories: int, n_resamples: int = RESAMPLES, seed: int = 0
) -> np.ndarray:
    """Return how many rows of each category are in each of the resamples of ``resampled_means``.

    Of more than ``MOST_RESAMPLED`` rows the resamples differ a little in how many rows they have,
    as the blocks do.

    Parameters
    ----------
    categories : int array (n,)
        Below `n_categories`; a row of a negative category is counted nowhere.
    n_categories : int
    n_resamples : int
    seed : int

    Returns
    -------
    float64 array (n_resamples, n_categories)
    """
    n = len(categories)
    counted = np.flatnonzero(categories >= 0)
    kept = categories[counted]
    if n <= MOST_RESAMPLED:
        tallies = (
            np.bincount(kept, row[counted], n_categories)
            for counts in resampled_counts(n, n_resamples, seed)
            for row in counts
        )
        return np.stack(list(tallies))
    found = np.empty((n_resamples, n_categories))
    block = block_of_each(n, seed)[counted]
    at_once = max(1, CELLS_AT_ONCE // BLOCKS)
    for first in range(0, n_categories, at_once):
        some = min(at_once, n_categories - first)
        here = (kept >= first) & (kept < first + some)
        cells = block[here] * some + (kept[here] - first)
        sums = np.bincount(cells, minlength=BLOCKS * some).reshape(BLOCKS, some).astype(float)
        found[:, first : first + some] = np.concatenate(
            [counts @ sums for counts in resampled_counts(BLOCKS, n_resamples, seed)]
        )
    return found


@lru_cache(maxsize=2)
def block_of_each(n: int, seed: int) -> np.ndarray:
    """Return the random block of each of n rows: int array (n,) of 0 to ``BLOCKS`` - 1."""
    block = np.random.default_rng(seed).permutation(n) % BLOCKS
    block.flags.writeable = False
    return block


def percentile_interval(replicates: np.ndarray, level: float = 0.95) -> tuple[float, float]:
    """Return the percentile interval (Efron & Tibshirani 1993, eq. 13.5).

    Parameters
    ----------
    replicates : float array (n_resamples,)
    level : float
    """
    tails = [(1 - level) / 2, (1 + level) / 2]
    low, high = np.quantile(replicates, tails)
    return float(low), float(high)


def basic_interval(
    estimate: float, replicates: np.ndarray, level: float = 0.95
) -> tuple[float, float]:
    """Return the basic interval: the percentile interval mirrored at the estimate.

    Right for an estimate that is biased by as much as its resamples are biased against it
    (Davison & Hinkley, "Bootstrap Methods and their Application", 1997, eq. 5.6).

    Parameters
    ----------
    estimate : float
    replicates : float array (n_resamples,)
    level : float
    """
    low, high = percentile_interval(replicates, level)
    return 2 * estimate - high, 2 * estimate - low


def bca_interval(
    estimate: float, replicates: np.ndarray, influence: np.ndarray, level: float = 0.95
) -> tuple[float, float]:
    """Return the bias-corrected and accelerated interval (Efron & Tibshirani 1993, eq. 14.9-14.15).

    Parameters
    ----------
    estimate : float
    replicates : float array (n_resamples,)
    influence : float array (n,)
        How much each item moves the estimate, up to shift and scale: for a mean the values
        themselves. Gives the acceleration, skewness / (6 sqrt(n)).
    level : float

    Returns
    -------
    low, high : float
        Widened to the estimate where they miss it (by rounding, where all replicates are equal).
    """
    # Sums of the same values in another order differ by rounding: those are ties too.
    tied = np.isclose(replicates, estimate, rtol=1e-12, atol=0)
    below = np.mean((replicates < estimate) & ~tied) + np.mean(tied) / 2
    tails = np.array([(1 - level) / 2, (1 + level) / 2])
    if 0 < below < 1:
        bias = ndtri(below)
        z = bias + ndtri(tails)
        tails = ndtr(bias + z / (1 - _acceleration(influence) * z))
    low, high = np.quantile(replicates, tails)
    return min(float(low), estimate), max(float(high), estimate)


def resampled_counts(n: int, n_resamples: int, seed: int) -> Iterator[np.ndarray]:
    """Yield how often each of n items is in each resample: float64 arrays (some resamples, n).

    The same for every measure of the same n items; they are drawn once.
    """
    counts = _counts(n, n_resamples, seed)
    at_once = max(1, CELLS_AT_ONCE // n)
    for start in range(0, n_resamples, at_once):
        yield counts[start : start + at_once].astype(np.float64)


@lru_cache(maxsize=2)
def _counts(n: int, n_resamples: int, seed: int) -> np.ndarray:
    """Return the counts of every resample: uint8 array (n_resamples, n).

    That one of n items is drawn more than 255 times in n has a chance of less than 1 / 255!.
    """
    rng = np.random.default_rng(seed)
    counts = np.empty((n_resamples, n), dtype=np.uint8)
    at_once = max(1, CELLS_AT_ONCE // n)
    for start in range(0, n_resamples, at_once):
        rows = min(at_once, n_resamples - start)
        drawn = rng.integers(0, n, size=(rows, n))
        drawn += n * np.arange(rows)[:, None]
        found = np.bincount(drawn.ravel(), minlength=rows * n).reshape(rows, n)
        counts[start : start + rows] = found
    return counts


def _acceleration(influence: np.ndarray) -> float:
    centred = influence - influence.mean()
    spread = np.sqrt(np.mean(centred**2))
    if spread == 0:
        return 0.0
    return float(np.mean((centred / spread) ** 3) / (6 * np.sqrt(len(influence))))

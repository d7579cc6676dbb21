"""Sums of values in bins on the shared resamples: what resampled calibration errors are made of."""

import numpy as np
from scipy.sparse import csr_array

from finetrust.trust.accuracy.intervals import (
    BLOCKS,
    MOST_RESAMPLED,
    RESAMPLES,
    block_of_each,
    resampled_counts,
)


def resampled_sums(
    values: np.ndarray,
    bins: np.ndarray,
    n_bins: int,
    seed: int,
    rows: np.ndarray | None = None,
    n: int | None = None,
) -> np.ndarray:
    """Return the sum of the values in each bin, divided by n, on every shared resample.

    The resamples, and above 100,000 items the random blocks, are those of
    :func:`finetrust.trust.accuracy.intervals.resampled_means`.

    Parameters
    ----------
    values : float array (m,)
    bins : int array (m,)
        From 0 to `n_bins` - 1.
    n_bins : int
    seed : int
    rows : int array (m,), optional
        The item of each value, of the n that are resampled; by default value i is of item i.
    n : int, optional
        By default m.

    Returns
    -------
    float64 array (RESAMPLES, n_bins)
    """
    n = len(values) if n is None else n
    rows = np.arange(len(values)) if rows is None else rows
    values = np.asarray(values, np.float64)
    if n <= MOST_RESAMPLED:
        table = csr_array((values, (rows, bins)), shape=(n, n_bins)).T
        drawn = [(table @ counts.T).T / n for counts in resampled_counts(n, RESAMPLES, seed)]
        return np.concatenate(drawn)
    block = block_of_each(n, seed)
    sums = np.bincount(block[rows] * n_bins + bins, values, BLOCKS * n_bins)
    mean = np.bincount(bins, values, n_bins) / n
    # Centred, so that blocks which differ in size by one do not differ in their sums for it.
    sums = sums.reshape(BLOCKS, n_bins) - np.outer(np.bincount(block, minlength=BLOCKS), mean)
    drawn = [counts @ sums / n for counts in resampled_counts(BLOCKS, RESAMPLES, seed)]
    return mean + np.concatenate(drawn)


def resampled_means_of(values: np.ndarray, rows: np.ndarray, n: int, seed: int) -> np.ndarray:
    """Return the mean of the values that some of n items have, on every shared resample of the n.

    Parameters
    ----------
    values : float array (m,)
    rows : int array (m,)
    n : int
    seed : int

    Returns
    -------
    float64 array (RESAMPLES,)
        NaN where a resample has none of these items.
    """
    one_bin = np.zeros(len(values), np.int64)
    sums = resampled_sums(values, one_bin, 1, seed, rows, n)[:, 0]
    return sums / resampled_share(rows, n, seed)


def resampled_share(rows: np.ndarray, n: int, seed: int) -> np.ndarray:
    """Return the share of some of n items on every shared resample: float64 array (RESAMPLES,).

    NaN where a resample has none of them.
    """
    if len(rows) == n:
        return np.ones(RESAMPLES)
    ones, one_bin = np.ones(len(rows)), np.zeros(len(rows), np.int64)
    share = resampled_sums(ones, one_bin, 1, seed, rows, n)[:, 0]
    return np.where(share > 0, share, np.nan)

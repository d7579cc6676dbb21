"""Intervals of what is computed from sums over images: the images are resampled, not their pixels.

Efron & Tibshirani, "An Introduction to the Bootstrap", 1993, sections 11.5 and 14.3.
"""

from collections.abc import Callable

import numpy as np

from finetrust.trust.accuracy.intervals import RESAMPLES, bca_interval, resampled_means, wilson

Statistic = Callable[[np.ndarray], np.ndarray]
"""From means over images (r, m) to values (r,); NaN where there is none."""


def of_images(
    statistic: Statistic, columns: np.ndarray, seed: int, highest: float = 1.0
) -> tuple[float, float, float]:
    """Return a value and its 95 % BCa interval from a bootstrap over images.

    The acceleration comes from leaving out one image at a time (eq. 14.15). Where that changes
    nothing, as with a single image or with images that are all alike, resampling shows no uncertainty
    at all, and the interval is that of Wilson for the share of as many images.

    Parameters
    ----------
    statistic : callable
        Not negative.
    columns : array (n, m)
        What every image adds.
    seed : int
    highest : float
        No value is larger.

    Returns
    -------
    value, low, high : float
    """
    columns = np.asarray(columns, np.float64)
    n = len(columns)
    value = float(statistic(columns.mean(axis=0, keepdims=True))[0])
    without_one = (
        statistic((columns.sum(axis=0) - columns) / (n - 1)) if n > 1 else np.full(1, value)
    )
    influence = value - without_one[np.isfinite(without_one)]
    if not len(influence) or np.ptp(influence) < 1e-12:
        least, most = wilson(min(value, 1.0) * n, n)
        return value, min(float(least), value), max(float(most), value)
    replicates = statistic(resampled_means(columns, RESAMPLES, seed))
    low, high = bca_interval(value, replicates[np.isfinite(replicates)], influence)
    return value, max(low, 0.0), min(high, highest)


def mean_of_ratios(means: np.ndarray) -> np.ndarray:
    """Return the mean over classes of numerator / denominator; classes without any are left out.

    Parameters
    ----------
    means : float array (r, 2 k)
        Numerators, then denominators.

    Returns
    -------
    float64 array (r,)
        NaN where no class is left.
    """
    numerators, denominators = np.split(means, 2, axis=1)
    there = denominators > 0
    ratios = np.divide(
        numerators, denominators, out=np.zeros_like(means[:, : there.shape[1]]), where=there
    )
    with np.errstate(invalid="ignore"):
        return ratios.sum(axis=1) / there.sum(axis=1)

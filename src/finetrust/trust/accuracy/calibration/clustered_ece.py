"""Calibration error of decisions that come in clusters: pixels and boxes of images, words of texts.

Decisions of one cluster are not independent, so that clusters are drawn, not decisions.
"""

import numpy as np

from finetrust.trust.accuracy.calibration.bins import BINS
from finetrust.trust.accuracy.calibration.reliability import Confidence
from finetrust.trust.accuracy.clustered_share import clustered_share
from finetrust.trust.accuracy.intervals import RESAMPLES, basic_interval, resampled_means


def clustered_ece(
    confidence: Confidence, cluster: np.ndarray, n: int, seed: int
) -> tuple[float, float, float]:
    """Return the ECE in 15 bins of equal width, and its interval; see :func:`clustered_gap`."""
    return clustered_gap(confidence, confidence.bins, BINS, cluster, n, seed)


def clustered_gap(
    confidence: Confidence, bins: np.ndarray, n_bins: int, cluster: np.ndarray, n: int, seed: int
) -> tuple[float, float, float]:
    """Return the mean distance between confidence and accuracy by bin, and its interval.

    As :func:`finetrust.trust.accuracy.calibration.reliability.ece_interval`, with clusters drawn instead of
    items: basic bootstrap, with a lower bound of 0 unless the value exceeds the noise of the gaps.
    The upper bound is at least what the interval of the accuracy allows for \\|accuracy - mean
    confidence\\|; where resampling shows no uncertainty (one cluster, or all decisions right or all
    wrong), the lower bound is what that interval leaves of it.

    Parameters
    ----------
    confidence : Confidence
        Of decisions (m,); at least one.
    bins : int array (m,)
    n_bins : int
    cluster : int array (m,)
        The cluster of each decision.
    n : int
        Clusters, those without a decision too.
    seed : int

    Returns
    -------
    value, low, high : float
    """
    gap = confidence.right - confidence.confidence
    gaps = np.bincount(cluster * n_bins + bins, weights=gap, minlength=n * n_bins)
    gaps = gaps.reshape(n, n_bins)
    count = np.bincount(cluster, minlength=n).astype(float)
    whole = gaps.sum(axis=0) / count.sum()
    value = float(np.abs(whole).sum())
    means = resampled_means(np.column_stack([gaps, count]), RESAMPLES, seed)
    drawn = means[means[:, -1] > 0]
    resampled = drawn[:, :-1] / drawn[:, -1:]
    noise = np.abs(resampled - whole).sum(axis=1)
    low, high = basic_interval(value, np.abs(resampled).sum(axis=1))
    high = max(high, value)

    accuracy, mean = float(confidence.right.mean()), float(confidence.confidence.mean())
    least, most = clustered_share(np.bincount(cluster, confidence.right, n), count)
    high = max(high, mean - least, most - mean)
    if accuracy in (0, 1) or np.ptp(resampled, axis=0).max() < 1e-12:
        low = min(low, max(mean - most, least - mean))
    significant = value > np.quantile(noise, 0.975)
    return value, float(np.clip(low, 0, value)) if significant else 0.0, min(high, 1.0)

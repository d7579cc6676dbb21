"""The expected calibration error of decisions that come in texts, with an interval over the texts."""

import numpy as np

from finetrust.trust.accuracy.intervals import RESAMPLES, basic_interval, resampled_means, wilson
from finetrust.trust.accuracy.reliability import BINS, Confidence, expected_calibration_error


def clustered_ece(
    confidence: Confidence, text: np.ndarray, n_texts: int, seed: int
) -> tuple[float, float, float]:
    """Return the ECE of all decisions and an interval that takes texts, not decisions, as drawn.

    The interval is made as :func:`finetrust.trust.accuracy.reliability.ece_interval` makes it.

    Parameters
    ----------
    confidence : Confidence
        Of decisions (m,); at least one.
    text : int64 array (m,)
        The text of each decision.
    n_texts : int
    seed : int

    Returns
    -------
    value, low, high : float
    """
    value = expected_calibration_error(confidence)
    cells = text * BINS + confidence.bins
    gaps = np.bincount(
        cells, weights=confidence.right - confidence.confidence, minlength=n_texts * BINS
    ).reshape(n_texts, BINS)
    decisions = np.bincount(text, minlength=n_texts).astype(float)
    means = resampled_means(np.column_stack([gaps, decisions]), RESAMPLES, seed)
    drawn = means[means[:, -1] > 0]
    resampled = drawn[:, :-1] / drawn[:, -1:]
    noise = np.abs(resampled - gaps.sum(axis=0) / decisions.sum()).sum(axis=1)
    low, high = basic_interval(value, np.abs(resampled).sum(axis=1))

    n, right = len(confidence.right), confidence.right.sum()
    least, most = (float(bound) for bound in wilson(right, n))
    mean = float(confidence.confidence.mean())
    high = max(high, value, mean - least, most - mean)
    if right in (0, n):
        low = min(low, max(mean - most, least - mean))
    significant = value > np.quantile(noise, 0.975)
    return value, float(np.clip(low, 0, value)) if significant else 0.0, min(high, 1.0)

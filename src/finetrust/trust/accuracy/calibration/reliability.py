"""The reliability diagram and what is read from it: how confidence compares with accuracy.

Guo et al., "On Calibration of Modern Neural Networks", ICML 2017, section 2.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np

from finetrust.trust.accuracy.intervals import (
    RESAMPLES,
    basic_interval,
    resampled_means,
    wilson,
)

BINS = 15


@dataclass(frozen=True)
class Confidence:
    """The probability of the predicted class, and whether that class was right.

    Parameters
    ----------
    confidence : float64 array (n,)
    right : bool array (n,)
    """

    confidence: np.ndarray
    right: np.ndarray

    @classmethod
    def of(cls, log_probabilities: np.ndarray, targets: np.ndarray) -> "Confidence":
        """Read it off log-probabilities (n, classes) and int targets (n,)."""
        confidence = np.exp(log_probabilities.max(axis=1))
        return cls(confidence, log_probabilities.argmax(axis=1) == targets)

    @property
    def bins(self) -> np.ndarray:
        """The bin ((m - 1) / 15, m / 15] of each item: int array (n,) from 0."""
        return np.clip(np.searchsorted(_edges(), self.confidence, side="left") - 1, 0, BINS - 1)


def reliability_diagram(confidence: Confidence) -> dict[str, list[Any]]:
    """Return the bars of a reliability diagram as JSON values.

    Returns
    -------
    dict
        ``edges`` (16 floats), and for each of 15 bins ``confidence`` and ``accuracy`` (means;
        None where the bin is empty) and ``count``.
    """
    bins = confidence.bins
    count = np.bincount(bins, minlength=BINS)

    def mean(values: np.ndarray) -> list[float | None]:
        sums = np.bincount(bins, weights=values, minlength=BINS)
        return [float(s / c) if c else None for s, c in zip(sums, count, strict=True)]

    return {
        "edges": _edges().tolist(),
        "confidence": mean(confidence.confidence),
        "accuracy": mean(confidence.right.astype(float)),
        "count": count.tolist(),
    }


def expected_calibration_error(confidence: Confidence) -> float:
    """Return the ECE with 15 bins of equal width (Guo et al. 2017, eq. 3)."""
    return float(np.abs(_gaps(confidence).mean(axis=0)).sum())


def ece_interval(confidence: Confidence, seed: int) -> tuple[float, float]:
    """Return an interval of the binned ECE of the population, meant to cover it in 95 %.

    The estimate is biased upwards: with finite data the bins of a perfectly calibrated model
    have gaps too, and resampled data have larger ones. Hence:

    - The bounds are those of the basic bootstrap, which subtracts that bias once.
    - The lower bound is 0 unless the estimate exceeds what the gaps' sampling noise alone yields
      in 97.5 % of the resamples (a test of calibration: the gaps, centred, resampled).
    - The upper bound is at least the estimate, and at least what the Wilson interval of the
      accuracy allows for \\|accuracy - mean confidence\\|, which the ECE cannot be below. Items
      that are all right, or all wrong, carry uncertainty too; of these the lower bound is what
      that interval leaves of the distance.

    Share of 400 simulated data sets whose 95 % interval covers the true value (10 classes,
    accuracy 0.59, logits multiplied by the first column after the targets were drawn; with
    accuracy 0.77 the figures are alike; ``tests/trust/accuracy/calibration/test_reliability.py`` repeats a
    part of it):

    ==============  ========  ====  ==========  =====  =====  =============
    overconfidence  true ECE  n     percentile  basic  BCa    this function
    ==============  ========  ====  ==========  =====  =====  =============
    1.0             0.000     200   0.000       0.460  0.000  0.975
    1.15            0.046     200   0.000       0.875  0.260  0.915
    1.5             0.134     200   0.802       0.832  0.838  0.942
    3.0             0.328     200   0.932       0.908  0.905  0.940
    1.0             0.000     2000  0.000       0.568  0.000  0.975
    1.15            0.046     2000  0.878       0.898  0.888  0.975
    1.5             0.134     2000  0.962       0.945  0.952  0.970
    3.0             0.328     2000  0.955       0.955  0.960  0.958
    ==============  ========  ====  ==========  =====  =====  =============

    The true value lay above the upper bound, by which gates judge, in at most 2.0 % of them.

    Parameters
    ----------
    confidence : Confidence
    seed : int
    """
    gaps = _gaps(confidence)
    mean_gaps = gaps.mean(axis=0)
    estimate = float(np.abs(mean_gaps).sum())
    resampled = resampled_means(gaps, RESAMPLES, seed)
    noise = np.abs(resampled - mean_gaps).sum(axis=1)
    low, high = basic_interval(estimate, np.abs(resampled).sum(axis=1))

    n, right = len(confidence.right), confidence.right.sum()
    least, most = wilson(right, n)
    mean_confidence = float(confidence.confidence.mean())
    high = max(high, estimate, mean_confidence - float(least), float(most) - mean_confidence)
    if right in (0, n):
        low = min(low, max(mean_confidence - float(most), float(least) - mean_confidence))
    significant = estimate > np.quantile(noise, 0.975)
    return (float(np.clip(low, 0, estimate)) if significant else 0.0), min(high, 1.0)


def _edges() -> np.ndarray:
    return np.linspace(0, 1, BINS + 1)


def _gaps(confidence: Confidence) -> np.ndarray:
    """Return right - confidence of each item in the column of its bin: float64 array (n, 15)."""
    n = len(confidence.right)
    gaps = np.zeros((n, BINS))
    gaps[np.arange(n), confidence.bins] = confidence.right - confidence.confidence
    return gaps

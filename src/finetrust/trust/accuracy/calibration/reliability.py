"""The reliability diagram and what is read from it: how confidence compares with accuracy.

Guo et al., "On Calibration of Modern Neural Networks", ICML 2017, section 2; the test of calibration
by Bröcker & Smith, "Increasing the Reliability of Reliability Diagrams", Weather and Forecasting
22(3), 2007.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np

from finetrust.trust.accuracy.answers import Answers
from finetrust.trust.accuracy.calibration.bins import BINS, edges, equal_width
from finetrust.trust.accuracy.calibration.resampled_sums import resampled_share, resampled_sums
from finetrust.trust.accuracy.intervals import RESAMPLES, basic_interval, wilson

LEVEL = 0.025
"""A calibration error whose p-value is larger has the lower bound 0."""


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

    @classmethod
    def of_answers(cls, answers: Answers) -> "Confidence":
        """Read it off answers."""
        return cls(answers.confidence, answers.right)

    @property
    def bins(self) -> np.ndarray:
        """The bin ((m - 1) / 15, m / 15] of each item: int array (n,) from 0."""
        return equal_width(self.confidence)

    @property
    def gaps(self) -> np.ndarray:
        """Right (1 or 0) minus confidence: float64 array (n,)."""
        return self.right - self.confidence


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
        "edges": edges().tolist(),
        "confidence": mean(confidence.confidence),
        "accuracy": mean(confidence.right.astype(float)),
        "count": count.tolist(),
    }


def confidence_histogram(confidence: Confidence) -> dict[str, list[Any]]:
    """Return how many right and wrong answers are in each of 15 bins of equal width: JSON values."""
    bins, right = confidence.bins, confidence.right
    return {
        "edges": edges().tolist(),
        "right": np.bincount(bins[right], minlength=BINS).tolist(),
        "wrong": np.bincount(bins[~right], minlength=BINS).tolist(),
    }


def expected_calibration_error(confidence: Confidence, bins: np.ndarray | None = None) -> float:
    """Return the ECE (Guo et al. 2017, eq. 3) in `bins`, by default 15 of equal width."""
    bins = confidence.bins if bins is None else bins
    sums = np.bincount(bins, confidence.gaps, BINS)
    return float(np.abs(sums).sum() / len(confidence.right))


def simulated_gaps(confidence: Confidence, bins: np.ndarray, n_bins: int, seed: int) -> np.ndarray:
    """Return sums of gaps by bin, divided by n, as they would be were the confidence the truth.

    Consistency resampling (Bröcker & Smith 2007): the right answers of a bin of k items are drawn
    as binomial of k and the bin's mean confidence, which is no less spread out than the sum of k
    draws by their own confidence.

    Returns
    -------
    float64 array (RESAMPLES, n_bins)
    """
    count = np.bincount(bins, minlength=n_bins)
    expected = np.bincount(bins, confidence.confidence, n_bins)
    mean = np.clip(expected / np.maximum(count, 1), 0, 1)
    rng = np.random.default_rng(seed)
    return (rng.binomial(count, mean, (RESAMPLES, n_bins)) - expected) / len(bins)


def p_value(value: float, simulated: np.ndarray) -> float:
    """Return how often an error is as large where confidence is the truth, the one found included.

    Parameters
    ----------
    value : float
    simulated : float array (draws,)
    """
    # Sums of the same terms in another order differ by rounding: those count as equal.
    return float((1 + np.sum(simulated >= value * (1 - 1e-9))) / (1 + len(simulated)))


def calibration_p_value(confidence: Confidence, seed: int, bins: np.ndarray | None = None) -> float:
    """Return the p-value of the ECE under perfect calibration of the confidence."""
    bins = confidence.bins if bins is None else bins
    simulated = np.abs(simulated_gaps(confidence, bins, BINS, seed)).sum(axis=1)
    return p_value(expected_calibration_error(confidence, bins), simulated)


def ece_interval(
    confidence: Confidence, seed: int, bins: np.ndarray | None = None
) -> tuple[float, float]:
    """Return an interval of the binned ECE of the population, meant to cover it in 95 %.

    The estimate is biased upwards: with finite data the bins of a perfectly calibrated model
    have gaps too, and resampled data have larger ones. Hence:

    - The bounds are those of the basic bootstrap, which subtracts that bias once.
    - The lower bound is 0 unless the p-value of calibration is at most 2.5 %.
    - The upper bound is at least the estimate, and at least what the Wilson interval of the
      accuracy allows for \\|accuracy - mean confidence\\|, which the ECE cannot be below. Items
      that are all right, or all wrong, carry uncertainty too; of these the lower bound is what
      that interval leaves of the distance.

    Share of 200 simulated data sets whose 95 % interval covers the true value (10 classes,
    accuracy 0.59, logits multiplied by the first column after the targets were drawn;
    ``tests/trust/accuracy/calibration/test_reliability.py`` repeats a part of it):

    ==============  ========  ====  ===========  ==========
    overconfidence  true ECE  n     equal width  equal mass
    ==============  ========  ====  ===========  ==========
    1.0             0.000     200   0.980        0.980
    1.15            0.046     200   0.915        0.920
    1.5             0.128     200   0.940        0.950
    3.0             0.290     200   0.940        0.945
    1.0             0.000     2000  0.980        0.985
    1.15            0.046     2000  0.960        0.955
    1.5             0.128     2000  0.955        0.955
    3.0             0.290     2000  0.955        0.955
    ==============  ========  ====  ===========  ==========

    The true value lay above the upper bound, by which gates judge, in at most 1.5 % of them.
    (Without these measures the percentile and BCa intervals cover 0 in none of the calibrated data
    sets, and 0.046 in 0 and 26 % of those of 200 items.)

    Parameters
    ----------
    confidence : Confidence
    seed : int
    bins : int array (n,), optional
        From 0 to 14; by default of equal width.
    """
    bins = confidence.bins if bins is None else bins
    estimate = expected_calibration_error(confidence, bins)
    resampled = resampled_sums(confidence.gaps, bins, BINS, seed)
    low, high = basic_interval(estimate, np.abs(resampled).sum(axis=1))

    n, right = len(confidence.right), confidence.right.sum()
    least, most = wilson(right, n)
    mean_confidence = float(confidence.confidence.mean())
    high = max(high, estimate, mean_confidence - float(least), float(most) - mean_confidence)
    if right in (0, n):
        low = min(low, max(mean_confidence - float(most), float(least) - mean_confidence))
    significant = calibration_p_value(confidence, seed, bins) <= LEVEL
    return (float(np.clip(low, 0, estimate)) if significant else 0.0), min(high, 1.0)


def resampled_ece(answers: Answers, bins: np.ndarray, n: int, seed: int) -> np.ndarray:
    """Return the ECE on every shared resample of n items: float64 array (RESAMPLES,)."""
    gaps = answers.right - answers.confidence
    sums = resampled_sums(gaps, bins, BINS, seed, answers.rows, n)
    return np.abs(sums).sum(axis=1) / resampled_share(answers.rows, n, seed)

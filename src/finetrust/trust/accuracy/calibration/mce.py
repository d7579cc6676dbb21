"""Maximum calibration error: the bin of confidence that is furthest off."""

from collections.abc import Iterator
from functools import partial

import numpy as np
from scipy.special import betaincinv

from finetrust.core.evidence import Evidence
from finetrust.core.measure import Estimate, measure
from finetrust.trust.accuracy.answers import Answers, answers_of
from finetrust.trust.accuracy.calibration.bins import BINS
from finetrust.trust.accuracy.calibration.reliability import Confidence
from finetrust.trust.accuracy.calibration.resampled_sums import resampled_sums


@measure(
    "mce",
    axis="accuracy",
    title="Maximum calibration error",
    better="lower",
    method="Items are sorted into 15 bins of equal width by the probability of their predicted class, "
    "after calibration where one was fitted; the largest distance between mean probability and "
    "accuracy in a bin, of which bins with few items may be the reason. The interval takes exact "
    "binomial ones of all bins that hold for all of them at once (Bonferroni).",
    reference="Guo et al. 2017, arXiv:1706.04599, eq. 5",
    unit="%",
    needs=("target", "logits"),
    meaning="How far confidence is from how often answers are right at the confidence where this is "
    "worst.",
    topic="calibration",
    secondary=True,
)
def mce(evidence: Evidence) -> Iterator[Estimate]:
    """Yield the top-label MCE; the details say in which bin it is, and of how many items."""
    answers = answers_of(evidence)
    confidence = Confidence.of_answers(answers)
    value, low, high, worst = maximum_calibration_error(confidence)
    details = {"bin": worst, "items": int((confidence.bins == worst).sum())}
    replicates = partial(_resampled, answers, confidence.bins, len(evidence.clean), evidence.seed)
    yield Estimate(value, low, high, len(answers.right), "", details, replicates)


def maximum_calibration_error(
    confidence: Confidence, level: float = 0.95
) -> tuple[float, float, float, int]:
    """Return the MCE, its interval, and its bin (Guo et al. 2017, eq. 5).

    The accuracy of each of the k bins that hold items has its Clopper-Pearson interval at the level
    ``1 - (1 - level) / k``. All hold at once with at least the probability `level`; the largest
    distance in truth, of these bins, then lies between the largest of the least distances they allow
    and the largest of the largest. Share of 200 simulated data sets (10 classes)
    whose interval covers the true value, where logits are multiplied by 1, 1.15, 1.5 and 3: 0.98,
    0.99, 1.0 and 1.0 with 200 items, 0.98, 0.995, 0.995 and 1.0 with 2,000.

    Parameters
    ----------
    confidence : Confidence
    level : float

    Returns
    -------
    value, low, high : float
    bin : int
    """
    bins = confidence.bins
    count = np.bincount(bins, minlength=BINS)
    filled = np.flatnonzero(count)
    k = count[filled].astype(float)
    right = np.bincount(bins, confidence.right, BINS)[filled]
    mean = np.bincount(bins, confidence.confidence, BINS)[filled] / k
    distance = np.abs(right / k - mean)
    tail = (1 - level) / len(filled) / 2
    with np.errstate(invalid="ignore"):
        least = np.where(right > 0, betaincinv(np.maximum(right, 1), k - right + 1, tail), 0.0)
        most = np.where(right < k, betaincinv(right + 1, np.maximum(k - right, 1), 1 - tail), 1.0)
    nearest = np.maximum(0, np.maximum(least - mean, mean - most))
    furthest = np.maximum(most - mean, mean - least)
    value = float(distance.max())
    low, high = min(float(nearest.max()), value), max(float(furthest.max()), value)
    return value, low, min(high, 1.0), int(filled[distance.argmax()])


def _resampled(answers: Answers, bins: np.ndarray, n: int, seed: int) -> np.ndarray:
    gaps = answers.right - answers.confidence
    sums = np.abs(resampled_sums(gaps, bins, BINS, seed, answers.rows, n))
    count = resampled_sums(np.ones(len(bins)), bins, BINS, seed, answers.rows, n)
    return np.divide(sums, count, out=np.zeros_like(sums), where=count > 0.1 / n).max(axis=1)

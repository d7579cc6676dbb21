"""Difference of two figures of the same items, by resampling the items once for both.

Efron & Tibshirani, "An Introduction to the Bootstrap", 1993, chapters 6 (standard errors) and 12
(intervals from them).
"""

import numpy as np
from scipy.special import stdtr, stdtrit

from finetrust.trust.comparison.tested import Tested

METHOD = (
    "Paired bootstrap over items: the difference and its bootstrap standard error, with quantiles of "
    "Student's t (Efron & Tibshirani 1993, chapter 12)"
)
LEAST_KEPT = 0.5
_SAME = 1e-12


def bootstrap_difference(
    difference: float, reference: np.ndarray, other: np.ndarray, n: int, level: float = 0.95
) -> Tested | None:
    """Return the interval and p-value of a difference from paired replicates.

    The interval is the difference plus and minus its standard error times a quantile of Student's
    t with n - 1 degrees of freedom, and the p-value is the level at which it touches 0: so small a
    p-value as a correction for hundreds of tests asks for cannot be counted in 1,000 resamples. Of
    400 simulated pairs of models on 100 items, the 95 % interval covers the true difference of
    their NLL 0.95, of their ECE 0.92, of their macro F1 0.96 of the time (percentiles: 0.94, 0.88,
    0.94); on 500 items 0.96, 0.94, 0.96 (percentiles: 0.96, 0.90, 0.96).

    Parameters
    ----------
    difference : float
        The figure of the other minus that of the reference.
    reference, other : float arrays (n_resamples,)
        The two figures on the same resamples; NaN where a resample has none.
    n : int
        How many items are resampled.
    level : float

    Returns
    -------
    Tested or None
        None where resampling shows no uncertainty, or too few resamples have both figures.
    """
    replicates = other - reference
    replicates = replicates[np.isfinite(replicates)]
    if n < 2 or len(replicates) < max(2, LEAST_KEPT * len(reference)):
        return None
    # A resample of n items varies by (n - 1) / n less than they do.
    error = float(replicates.std(ddof=1)) * np.sqrt(n / (n - 1))
    if error <= _SAME * max(1.0, float(np.abs(other[np.isfinite(other)]).max())):
        return None
    half = float(stdtrit(n - 1, (1 + level) / 2)) * error
    p_value = 2 * float(stdtr(n - 1, -abs(difference) / error))
    return Tested(difference - half, difference + half, p_value, True, METHOD)

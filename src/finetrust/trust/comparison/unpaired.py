"""Difference of two figures from their own intervals, as if they were of different items.

Zou & Donner, "Construction of confidence limits about effect measures: a general approach",
Statistics in Medicine 2008 (method of variance estimates recovery, MOVER).
"""

import math

from scipy.special import ndtr, ndtri

from finetrust.trust.comparison.tested import Tested

METHOD = (
    "From the two intervals, as if the items were different ones (MOVER, Zou & Donner 2008, eq. 3): "
    "wider than a paired interval would be"
)


def mover_difference(
    reference: tuple[float, float, float], other: tuple[float, float, float], level: float = 0.95
) -> Tested:
    """Return the interval and p-value of ``other - reference`` (Zou & Donner 2008, eq. 3).

    The limits of the two intervals stand for their variances near those limits. The p-value is the
    level at which the interval, its halves growing like normal quantiles, touches 0. Figures of the
    same items are as a rule positively correlated, and the interval is then too wide.

    Parameters
    ----------
    reference, other : (value, ci_low, ci_high)
    level : float
        Of the two intervals and of the one that is returned.
    """
    (a, a_low, a_high), (b, b_low, b_high) = reference, other
    difference = b - a
    down, up = math.hypot(b - b_low, a_high - a), math.hypot(b_high - b, a - a_low)
    towards_zero = down if difference > 0 else up
    if difference == 0:
        p_value = 1.0
    elif towards_zero == 0:
        p_value = 0.0
    else:
        z = float(ndtri((1 + level) / 2)) * abs(difference) / towards_zero
        p_value = 2 * float(ndtr(-z))
    return Tested(difference - down, difference + up, p_value, False, METHOD)

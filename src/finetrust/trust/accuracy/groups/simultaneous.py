"""Intervals for the worst of several groups, and for the gap between the best and the worst.

The lowest of several noisy figures is too low, and the gap between the highest and the lowest is too
wide: what is read off are extremes of chance. Intervals that hold for all groups at once allow for it.

Dunn, "Multiple Comparisons among Means", JASA 56(293), 1961 (Bonferroni's bounds); Tukey's studentised
range in the form of Kramer, Biometrics 12(3), 1956, with the recovery of variance from single intervals
of Newcombe, "Interval Estimation for the Difference between Independent Proportions", Statistics in
Medicine 17, 1998, method 10.
"""

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from scipy.optimize import brentq
from scipy.special import ndtr, ndtri

from finetrust.trust.accuracy.intervals import wilson

Z95 = float(ndtri(0.975))


@dataclass(frozen=True, eq=False)
class GroupFigures:
    """One measure in K groups, with intervals of each alone; float arrays (K,).

    Parameters
    ----------
    value, low, high : array
        With 95 % intervals.
    n : array
        How many items each rests on.
    share : bool
        Whether they are shares of the n items: their intervals are Wilson's, at any level.
    lowest, highest : float
        No bound is beyond them.
    """

    value: np.ndarray
    low: np.ndarray
    high: np.ndarray
    n: np.ndarray
    share: bool = False
    lowest: float = -np.inf
    highest: float = np.inf

    def at(self, z: float) -> tuple[np.ndarray, np.ndarray]:
        """Return the bounds of each group that are `z` standard errors away.

        Wilson's for shares; for others the distances of the 95 % bounds, stretched from 1.96 to z.
        """
        if self.share:
            return wilson(self.value * self.n, self.n, level=2 * float(ndtr(z)) - 1)
        low = self.value - (self.value - self.low) * z / Z95
        high = self.value + (self.high - self.value) * z / Z95
        return np.maximum(low, np.minimum(self.lowest, self.low)), np.minimum(
            high, np.maximum(self.highest, self.high)
        )


def lowest_of(groups: GroupFigures, level: float = 0.95) -> tuple[int, float, float]:
    """Return which group has the lowest value, and the interval of the lowest true value.

    With bounds that all groups keep at once, L_g and U_g, it lies between the lowest L_g and the
    lowest U_g.

    Share of 4,000 simulated sets in which the interval covers the lowest true accuracy, and in
    brackets that of the plain interval of the group that looks worst: 4 equal groups of 200 items
    (accuracy 0.9) 0.955 (0.89), one of them at 0.7 0.989 (0.95), 20 equal groups 0.943 (0.58).
    """
    low, high = groups.at(bonferroni_z(len(groups.value), level))
    return int(groups.value.argmin()), float(low.min()), float(high.min())


def highest_of(groups: GroupFigures, level: float = 0.95) -> tuple[int, float, float]:
    """Return which group has the highest value, and the interval of the highest true value."""
    low, high = groups.at(bonferroni_z(len(groups.value), level))
    return int(groups.value.argmax()), float(low.max()), float(high.max())


def gap_of(groups: GroupFigures, level: float = 0.95) -> tuple[float, float, float]:
    """Return the highest value minus the lowest, and the interval of the true gap.

    All differences of two groups get intervals at once; the largest true difference lies between the
    largest lower and the largest upper bound. The lower bound is 0 unless some two groups differ by
    more than chance: in 4.8 % of 4,000 simulated sets of 4 equal groups of 200 items (6.7 % with 30
    items each and an accuracy of 0.5). With one group 0.2 worse the interval covers that in 99 %.

    Parameters
    ----------
    groups : GroupFigures
        At least two.
    level : float

    Returns
    -------
    value, low, high : float
    """
    value = groups.value
    low, high = groups.at(range_z(len(value), level))
    difference = value[:, None] - value
    down, up = value - low, high - value
    lower = difference - np.hypot(down[:, None], up)
    upper = difference + np.hypot(up[:, None], down)
    gap = float(difference.max())
    return gap, min(max(float(lower.max()), 0.0), gap), max(float(upper.max()), gap)


def bonferroni_z(k: int, level: float = 0.95) -> float:
    """Return how many standard errors away k bounds are that hold at once (Dunn 1961)."""
    return float(-ndtri((1 - level) / 2 / k))


@lru_cache(maxsize=256)
def range_z(k: int, level: float = 0.95) -> float:
    """Return how many standard errors two of k equal groups differ at most: Tukey's q / sqrt(2).

    P(range <= q) = k * integral of phi(x) * (Phi(x + q) - Phi(x))^(k - 1), for the range of k standard
    normal figures (the smallest of which is x).
    """
    x = np.linspace(-9.0, 9.0, 3601)
    density = k * np.exp(-(x**2) / 2) / np.sqrt(2 * np.pi) * (x[1] - x[0])

    def beyond(q: float) -> float:
        return float(1 - density @ (ndtr(x + q) - ndtr(x)) ** (k - 1) - (1 - level))

    return float(brentq(beyond, 0.0, 40.0)) / float(np.sqrt(2))

"""The power of a test set: which differences of accuracy it can show, and how many items it takes.

Paired: McNemar's test on the same items (Connor, "Sample size for testing differences in proportions
for the paired-sample design", Biometrics 43, 1987, eq. 3.2). Unpaired: two shares of n items each
(Fleiss, Levin & Paik 2003, "Statistical Methods for Rates and Proportions", eq. 4.14).
"""

import math
from collections.abc import Callable

from scipy.optimize import brentq
from scipy.special import ndtri

ALPHA = 0.05
POWER = 0.8


def paired_difference_shown(n: int, discordant: float, largest: float = 1.0) -> float | None:
    """Return the smallest difference that McNemar's test on n items shows, two-sided at 5 %.

    Parameters
    ----------
    n : int
    discordant : float
        Share of the items on which just one of the two models is right. Where it is less than the
        difference needs, it is taken to be as large: all of it in favour of one model.
    largest : float
        Difference that there can be.

    Returns
    -------
    float or None
        None where the items are too few for any.
    """
    return _smallest(lambda d: paired_items_needed(d, discordant), n, largest)


def unpaired_difference_shown(n: int, error: float) -> float | None:
    """Return the smallest difference from an error rate that two test sets of n items show.

    None where the items are too few for any.
    """
    return _smallest(lambda d: unpaired_items_needed(d, error), n, max(error, 1 - error))


def paired_items_needed(difference: float, discordant: float) -> float:
    """Return how many items show a difference with a power of 80 % (Connor 1987, eq. 3.2)."""
    a, b = _quantiles()
    share = max(discordant, difference)
    spread = a * math.sqrt(share) + b * math.sqrt(max(share - difference**2, 0.0))
    return (spread / difference) ** 2


def unpaired_items_needed(difference: float, error: float) -> float:
    """Return how many items in each of two test sets show a difference with a power of 80 %.

    The other model is the one that is nearer to an error rate of a half, where chance is largest.
    """
    a, b = _quantiles()
    other = error + difference if error <= 0.5 else error - difference
    other = min(max(other, 0.0), 1.0)
    mean = (error + other) / 2
    spread = a * math.sqrt(2 * mean * (1 - mean)) + b * math.sqrt(
        error * (1 - error) + other * (1 - other)
    )
    return (spread / difference) ** 2


def _smallest(items_needed: Callable[[float], float], n: int, largest: float) -> float | None:
    if items_needed(largest) > n:
        return None
    return float(brentq(lambda d: items_needed(d) - n, 1e-9, largest, xtol=1e-12, rtol=1e-10))


def _quantiles() -> tuple[float, float]:
    return float(ndtri(1 - ALPHA / 2)), float(ndtri(POWER))

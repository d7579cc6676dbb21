"""How far a share may be off by the chance of which items were asked."""

import math


def error_of_share(share: float, n: int) -> float:
    """Return the standard error of a share of n items, as of two more right and two more wrong ones.

    So it is not 0 where all were right, which few items may well be.

    References
    ----------
    Agresti & Coull 1998, "Approximate is better than 'exact' for interval estimation of binomial
    proportions", The American Statistician 52(2): the adjusted Wald interval.
    """
    adjusted = (share * n + 2) / (n + 4)
    return math.sqrt(adjusted * (1 - adjusted) / (n + 4))

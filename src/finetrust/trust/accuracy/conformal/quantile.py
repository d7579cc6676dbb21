"""The threshold of split conformal prediction, and the law of the coverage that it gives.

Vovk, "Conditional Validity of Inductive Conformal Predictors", ACML 2012, proposition 2a; Angelopoulos
& Bates, "A Gentle Introduction to Conformal Prediction", 2021, arXiv:2107.07511, sections 1 and 3.2.
"""

from functools import lru_cache

import numpy as np
from scipy.special import betaln, gammaln

_ROUNDING = 1e-9


def rank_for(n: int, coverage: float) -> int:
    """Return which of n ascending validation scores is the threshold: ``ceil((n + 1) coverage)``.

    More than n where so few items cannot give that coverage.
    """
    return int(np.ceil((n + 1) * coverage - _ROUNDING))


def highest_coverage(n: int) -> float:
    """Return the highest coverage that n validation items can give."""
    return n / (n + 1)


def items_for(coverage: float) -> int:
    """Return how many validation items that coverage takes at the least."""
    return int(np.ceil(coverage / (1 - coverage) - _ROUNDING))


def threshold(scores: np.ndarray, coverage: float) -> float:
    """Return the threshold of a coverage: the `rank_for`-th smallest score.

    Parameters
    ----------
    scores : float array (n,)
        Of the true classes of validation items, lower for what conforms; ``inf`` for an item that no
        set holds.
    coverage : float
        Within (0, 1).

    Returns
    -------
    float
        ``inf`` where n items cannot give that coverage.
    """
    k = rank_for(len(scores), coverage)
    if k > len(scores):
        return float("inf")
    return float(np.partition(scores, k - 1)[k - 1])


@lru_cache(maxsize=512)
def coverage_interval(
    n: int, coverage: float, n_test: int, level: float = 0.95
) -> tuple[float, float]:
    """Return where the coverage of `n_test` new items lies, with a probability of `level`.

    Over the draw of n validation items the coverage of new ones follows Beta(k, n + 1 - k) with k of
    `rank_for`, whatever the model, if scores have no ties (with ties it is higher); the covered ones
    among `n_test` items then follow the beta-binomial of it.

    Parameters
    ----------
    n : int
        Validation items; enough for that coverage.
    coverage : float
    n_test : int
    level : float

    Returns
    -------
    low, high : float
        The central interval of the shares k / n_test.
    """
    k = rank_for(n, coverage)
    a, b = k, n + 1 - k
    mean = a / (a + b)
    spread = np.sqrt(mean * (1 - mean) * (1 / n_test + 1 / (a + b + 1)))
    reach = 14 * spread * n_test + 20
    first = max(0, int(np.floor(mean * n_test - reach)))
    last = min(n_test, int(np.ceil(mean * n_test + reach)))
    hits = np.arange(first, last + 1)
    log_mass = (
        gammaln(n_test + 1)
        - gammaln(hits + 1)
        - gammaln(n_test - hits + 1)
        + betaln(hits + a, n_test - hits + b)
        - betaln(a, b)
    )
    below = np.cumsum(np.exp(log_mass))
    tails = np.array([(1 - level) / 2, (1 + level) / 2]) * below[-1]
    low, high = hits[np.minimum(np.searchsorted(below, tails), len(hits) - 1)] / n_test
    return float(low), float(high)

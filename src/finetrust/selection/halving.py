"""Successive halving: all candidates on a few items, the promising ones on more.

Jamieson & Talwalkar, "Non-stochastic Best Arm Identification and Hyperparameter Optimization",
AISTATS 2016, algorithm 1; a candidate is only dropped here where it is clearly worse than the best, as in
the races of Maron & Moore, "Hoeffding Races", NIPS 1993.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

FIRST = 500
FIRST_A_CLASS = 10
FACTOR = 4
FEWEST_RACING = 3


def rung_sizes(n_items: int, n_classes: int, n_candidates: int) -> list[int]:
    """Return how many items each round takes; the last one takes all.

    Fewer than ``FEWEST_RACING`` candidates do not race, nor does anybody on less than twice what the
    first round takes.
    """
    size = max(FIRST, FIRST_A_CLASS * n_classes)
    sizes = []
    while n_candidates >= FEWEST_RACING and 2 * size <= n_items:
        sizes.append(size)
        size *= FACTOR
    return [*sizes, n_items]


def rung_rows(strata: np.ndarray, size: int, seed: int) -> np.ndarray:
    """Return the rows of the items of a round: of each stratum its share, one at least.

    A larger round holds the smaller ones.

    Parameters
    ----------
    strata : int array (n,)
    size : int
    seed : int

    Returns
    -------
    int64 array
        Ascending; about `size` of them.
    """
    n = len(strata)
    if size >= n:
        return np.arange(n)
    drawn = np.random.default_rng(seed).random(n)
    order = np.lexsort((drawn, strata))
    _, first, counts = np.unique(strata[order], return_index=True, return_counts=True)
    place = np.arange(n) - np.repeat(first, counts)
    kept = place < np.maximum(1, np.round(np.repeat(counts, counts) * size / n))
    return np.sort(order[kept])


@dataclass(frozen=True)
class Standing:
    """How a candidate did in a round.

    Parameters
    ----------
    quality : float
        What candidates are ordered by; higher is better.
    accuracy, low, high : float
        Of the probe, with its 95 % interval.
    """

    quality: float
    accuracy: float
    low: float
    high: float


def hopeless(standings: Mapping[str, Standing]) -> dict[str, str]:
    """Return which candidates are dropped after a round, by name: the candidate that beat it.

    Those of the lower half of the order whose interval lies wholly below that of the leader.
    """
    order = sorted(standings, key=lambda name: -standings[name].quality)
    leader = order[0]
    lower: Sequence[str] = order[max(2, (len(order) + 1) // 2) :]
    best = standings[leader]
    return {name: leader for name in lower if standings[name].high < best.low}

"""Prototypes, which together stand for all items, and criticisms, which these do not stand for.

Kim, Khanna & Koyejo, "Examples are not Enough, Learn to Criticize! Criticism for Interpretability",
NIPS 2016 (MMD-critic), with a Gaussian kernel whose width is the median distance (Gretton et al., "A Kernel
Two-Sample Test", JMLR 13, 2012, section 8).
"""

from dataclasses import dataclass

import numpy as np

from finetrust.core.errors import NotApplicable

_NUMBERS_AT_ONCE = 1 << 23
_ITEMS_OF_WIDTH = 1000
_LEAST_NEWS = 1e-9


@dataclass(frozen=True, eq=False)
class Representatives:
    """What stands for a set of items, and what it leaves out.

    Parameters
    ----------
    prototypes : int64 array (a,)
        Positions, in the order in which they were chosen.
    criticisms : int64 array (b,)
        Positions, in the order in which they were chosen; none is a prototype.
    mmd2 : float64 array (a,)
        Squared maximum mean discrepancy between all items and the first 1, 2, ..., a prototypes.
    width : float
        Of the kernel, in units of the features.
    """

    prototypes: np.ndarray
    criticisms: np.ndarray
    mmd2: np.ndarray
    width: float


def mmd_critic(
    features: np.ndarray, n_prototypes: int, n_criticisms: int, width: float | None = None
) -> Representatives:
    """Choose prototypes and criticisms greedily (algorithms 1 and 2).

    A prototype is the item that lowers the discrepancy most (eq. 4). A criticism is the one that adds
    most to the sum of the absolute witness function (eq. 3) and the log-determinant of the kernel
    between criticisms (eq. 5 and section 3.2). Of equally good items the first. The time is that of
    n^2 distances, the memory n times a bounded block.

    Parameters
    ----------
    features : float array (n, d)
        Finite; n is at least 1. Computed in its own precision.
    n_prototypes, n_criticisms : int
        At most so many; at least one prototype. Copies of one criticism are not criticised again.
    width : float, optional
        Sigma of ``exp(-|x - y|^2 / (2 sigma^2))``; by default the median distance.

    Raises
    ------
    NotApplicable
        If no width is given and all items are alike.
    """
    width = median_distance(features) if width is None else width
    kernel = _Kernel(features, width)
    means = kernel.means()
    prototypes, closeness, mmd2 = _prototypes(kernel, means, n_prototypes)
    criticisms = _criticisms(
        kernel, np.abs(means - closeness / len(prototypes)), prototypes, n_criticisms
    )
    return Representatives(prototypes, criticisms, mmd2, width)


def median_distance(features: np.ndarray) -> float:
    """Return the median distance between two different items, of at most 1,000 spread evenly.

    Parameters
    ----------
    features : float array (n, d)

    Raises
    ------
    NotApplicable
        If all items are alike.
    """
    some = features[:: -(-len(features) // _ITEMS_OF_WIDTH)].astype(np.float64)
    some = some - some.mean(axis=0)
    squares = _squared_distances(some, some)[np.triu_indices(len(some), 1)]
    apart = squares[squares > 1e-12 * np.square(some).sum(axis=1).max(initial=0.0)]
    if not len(apart):
        raise NotApplicable("the features of all items are alike")
    return float(np.sqrt(np.median(apart)))


class _Kernel:
    def __init__(self, features: np.ndarray, width: float) -> None:
        self.items = features - features.mean(axis=0)
        self.width = width

    def __len__(self) -> int:
        return len(self.items)

    def rows(self, chosen: np.ndarray | slice) -> np.ndarray:
        """Return the kernel between chosen items and all: float array (k, n)."""
        found = _squared_distances(self.items[chosen], self.items)
        found /= -2 * self.width**2
        return np.exp(found, out=found)

    def means(self) -> np.ndarray:
        """Return the mean kernel of each item with all items: float64 array (n,)."""
        n = len(self)
        at_once = max(1, _NUMBERS_AT_ONCE // n)
        blocks = (slice(start, start + at_once) for start in range(0, n, at_once))
        return np.concatenate([self.rows(b).mean(axis=1, dtype=np.float64) for b in blocks])


def _squared_distances(one: np.ndarray, two: np.ndarray) -> np.ndarray:
    lengths = np.square(one).sum(axis=1)[:, None] + np.square(two).sum(axis=1)
    lengths -= 2 * (one @ two.T)
    return np.maximum(lengths, 0, out=lengths)


def _prototypes(
    kernel: _Kernel, means: np.ndarray, count: int
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return the prototypes, the sum of each item's kernel with them, and the discrepancies."""
    free = np.ones(len(kernel), bool)
    closeness = np.zeros(len(kernel))
    covered = within = 0.0
    chosen, mmd2 = [], []
    for size in range(1, min(count, len(kernel)) + 1):
        # eq. 4 with the item added; a Gaussian kernel of an item with itself is 1.
        objective = 2 * (covered + means) / size - (within + 2 * closeness + 1) / size**2
        best = int(np.where(free, objective, -np.inf).argmax())
        covered += means[best]
        within += 2 * closeness[best] + 1
        closeness += kernel.rows(np.array([best]))[0]
        free[best] = False
        chosen.append(best)
        mmd2.append(max(float(means.mean() - objective[best]), 0.0))
    return np.array(chosen, np.int64), closeness, np.array(mmd2)


def _criticisms(
    kernel: _Kernel, witness: np.ndarray, prototypes: np.ndarray, count: int
) -> np.ndarray:
    """Return the criticisms; the determinant grows by what is new of an item (Schur complement)."""
    free = np.ones(len(kernel), bool)
    free[prototypes] = False
    news = np.ones(len(kernel))
    factors = np.empty((0, len(kernel)))
    chosen: list[int] = []
    while len(chosen) < count:
        usable = free & (news > _LEAST_NEWS)
        if not usable.any():
            break
        gain = witness + np.log(np.where(usable, news, 1))
        best = int(np.where(usable, gain, -np.inf).argmax())
        row = kernel.rows(np.array([best]))[0] - factors[:, best] @ factors
        row /= np.sqrt(news[best])
        factors = np.vstack([factors, row])
        news = news - np.square(row)
        free[best] = False
        chosen.append(best)
    return np.array(chosen, np.int64)

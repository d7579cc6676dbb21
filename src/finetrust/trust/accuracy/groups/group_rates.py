"""How often each class is predicted in each group, and the largest gap between groups in such rates.

Hardt, Price & Srebro, "Equality of Opportunity in Supervised Learning", NeurIPS 2016.
"""

from dataclasses import dataclass

import numpy as np

from finetrust.trust.accuracy.groups.columns import LEAST_ITEMS
from finetrust.trust.accuracy.groups.simultaneous import GroupFigures, gap_of
from finetrust.trust.accuracy.intervals import wilson


@dataclass(frozen=True, eq=False)
class GroupCounts:
    """What was predicted in each group; int arrays (groups, classes).

    Parameters
    ----------
    hits : array
        Items of the class that are predicted as it.
    targets : array
        Items of the class.
    predicted : array
        Items predicted as the class.
    n : int array (groups,)
    """

    hits: np.ndarray
    targets: np.ndarray
    predicted: np.ndarray
    n: np.ndarray

    @classmethod
    def of(
        cls, group: np.ndarray, targets: np.ndarray, predicted: np.ndarray, n_classes: int
    ) -> "GroupCounts":
        """Count them.

        Parameters
        ----------
        group : int array (n,)
            From 0 on, each with at least one item.
        targets, predicted : int array (n,)
            A negative prediction is none.
        n_classes : int
        """
        groups = int(group.max()) + 1

        def table(classes: np.ndarray, kept: np.ndarray) -> np.ndarray:
            cells = group[kept] * n_classes + classes[kept]
            return np.bincount(cells, minlength=groups * n_classes).reshape(groups, n_classes)

        return cls(
            table(targets, predicted == targets),
            table(targets, targets >= 0),
            table(predicted, predicted >= 0),
            np.bincount(group),
        )

    def true_positives(self) -> tuple[np.ndarray, np.ndarray]:
        """Return hits and items of each class: its true positive rates (groups, classes)."""
        return self.hits, self.targets

    def false_positives(self) -> tuple[np.ndarray, np.ndarray]:
        """Return false predictions of each class, and items of other classes."""
        return self.predicted - self.hits, self.n[:, None] - self.targets

    def selections(self) -> tuple[np.ndarray, np.ndarray]:
        """Return predictions of each class, and all items."""
        return self.predicted, np.broadcast_to(self.n[:, None], self.predicted.shape)


@dataclass(frozen=True)
class RateGap:
    """The largest gap between two groups in any of several rates.

    Parameters
    ----------
    value, low, high : float
    rate : int
        In which of the rates it is.
    highest, lowest : int
        The groups in which that rate is highest and lowest.
    n : int
        Items that the rates rest on: the denominators of that rate.
    """

    value: float
    low: float
    high: float
    rate: int
    highest: int
    lowest: int
    n: int


def largest_gap(hits: np.ndarray, n: np.ndarray, level: float = 0.95) -> RateGap | None:
    """Return the largest gap between groups in any rate, with an interval that allows for the choice.

    Each rate has an interval of its gap (:func:`gap_of`), at a level at which those of all rates hold
    at once (Bonferroni). The true largest gap lies between the largest lower and upper bounds.

    Share of 1,000 simulated sets in which the interval covers the true gap, and starts above 0: two
    equal groups of 300 items of 3 classes with accuracy 0.9 0.97 and 0.03; with one group at 0.6
    instead 0.99 and 1.

    Parameters
    ----------
    hits, n : int arrays (groups, rates)
        A rate is left out of a group where it rests on fewer than ``LEAST_ITEMS`` items.
    level : float

    Returns
    -------
    RateGap or None
        None where no rate is left in two groups.
    """
    kept = n >= LEAST_ITEMS
    rates = np.flatnonzero(kept.sum(axis=0) > 1)
    if not len(rates):
        return None
    each = 1 - (1 - level) / len(rates)
    gaps = np.array([gap_of(_figures(hits[kept[:, j], j], n[kept[:, j], j]), each) for j in rates])
    first = int(gaps[:, 0].argmax())
    rate = int(rates[first])
    share = np.divide(hits[:, rate], n[:, rate], out=np.full(len(n), np.nan), where=kept[:, rate])
    value, low, high = gaps.max(axis=0)
    return RateGap(
        float(value),
        float(low),
        float(high),
        rate,
        int(np.nanargmax(share)),
        int(np.nanargmin(share)),
        int(n[kept[:, rate], rate].sum()),
    )


def _figures(hits: np.ndarray, n: np.ndarray) -> GroupFigures:
    low, high = wilson(hits, n)
    return GroupFigures(hits / n, low, high, n, share=True)

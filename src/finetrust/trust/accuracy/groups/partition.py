"""A way to divide the items into slices, and which slices are worse than the rest.

Holm, "A Simple Sequentially Rejective Multiple Test Procedure", Scandinavian Journal of Statistics 6(2),
1979; Fisher's exact test, one-sided.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

SliceKind = Literal["property", "class", "predicted", "cluster"]


@dataclass(frozen=True, eq=False)
class Partition:
    """Slices of the items that do not overlap.

    Parameters
    ----------
    kind : str
        What they were divided by.
    names : tuple of str (k,)
        Of the slices, in plain words.
    of_item : int array (n,)
        The slice of each item; `k` for the rest that no slice is made of, -1 for items left out.
    """

    kind: SliceKind
    names: tuple[str, ...]
    of_item: np.ndarray

    def tally(self, right: np.ndarray) -> "Tally":
        """Return what the slices come to, for bool array (n,) of which items are right."""
        known = self.of_item >= 0
        k = len(self.names)
        of_item, right = self.of_item[known], right[known]
        n = np.bincount(of_item, minlength=k)[:k]
        hits = np.bincount(of_item[right], minlength=k)[:k]
        return Tally(hits, n, np.full(k, right.sum()), np.full(k, len(right)))


@dataclass(frozen=True, eq=False)
class Tally:
    """Items that are right in slices and in all that these were cut from: int arrays (k,).

    Parameters
    ----------
    hits, n : array
        In the slice: how many are right, of how many.
    all_hits, all_n : array
        In the slice and the rest together.
    """

    hits: np.ndarray
    n: np.ndarray
    all_hits: np.ndarray
    all_n: np.ndarray

    @classmethod
    def joined(cls, parts: Sequence["Tally"]) -> "Tally":
        """Return the slices of several partitions."""
        columns = ("hits", "n", "all_hits", "all_n")
        return cls(*(np.concatenate([getattr(part, c) for part in parts]) for c in columns))

    def p_values(self) -> np.ndarray:
        """Return for each slice how likely chance alone makes it this bad or worse (k,).

        Fisher's exact test against the rest, one-sided: the slice is a draw without replacement from
        all items.
        """
        from scipy.stats import hypergeom

        p = hypergeom.cdf(self.hits, self.all_n, self.all_hits, self.n)
        return np.where(self.n > 0, p, 1.0)

    def odds_ratio(self) -> np.ndarray:
        """Return the odds of an error in the slice divided by those in the rest (k,).

        Half an item is added to each of the four counts (Haldane 1956), so that it is finite.
        """
        wrong = self.n - self.hits
        rest_hits = self.all_hits - self.hits
        rest_wrong = self.all_n - self.n - rest_hits
        inside = (wrong + 0.5) / (self.hits + 0.5)
        return inside / ((rest_wrong + 0.5) / (rest_hits + 0.5))

    def rest_share(self) -> np.ndarray:
        """Return the share of the rest that is right (k,); that of all where there is no rest."""
        rest = self.all_n - self.n
        inside = np.where(rest > 0, self.hits, 0)
        return (self.all_hits - inside) / np.where(rest > 0, rest, self.all_n)

"""How many items each method is tried on: as many as its passes through the network allow."""

from collections.abc import Mapping
from dataclasses import dataclass

from finetrust.trust.trials.effort import EffortName

FEWEST = {"quick": 6, "standard": 12, "full": 24}
"""Items that every method is tried on, whatever it costs: 6 are the fewest by which a sign test decides."""

PASSES = {"quick": 600, "standard": 6_000, "full": 60_000}
"""What a check of a method may cost, in forward passes; that of the method that explains four times it."""

_MORE = 4


@dataclass(frozen=True)
class Allowance:
    """Numbers of items.

    Parameters
    ----------
    passes : int
    fewest : int
    n : int
        Items that there are.
    """

    passes: int
    fewest: int
    n: int

    @property
    def facts(self) -> Mapping[str, int]:
        """As JSON values."""
        return {"passes": self.passes, "fewest": self.fewest, "n": self.n}

    def judged(self, each: int) -> int:
        """Return the items to put to another network, of which each takes so many passes."""
        return self._items(self.passes, each, self.fewest)

    def moved(self, each: int, chosen: bool = False) -> int:
        """Return the items to change; only few of a costly method that is not the one that explains."""
        if chosen:
            return self._items(_MORE * self.passes, each, self.fewest)
        return self._items(self.passes, each, self.fewest // 2)

    def compared(self, each: int) -> int:
        """Return the items on which a method is compared with others."""
        return self._items(_MORE * self.passes, each, self.fewest)

    def _items(self, passes: int, each: int, fewest: int) -> int:
        return min(self.n, max(fewest, passes // each))


def allowance_of(effort: EffortName, n: int) -> Allowance:
    """Return what an effort allows on n items."""
    return Allowance(PASSES[effort], FEWEST[effort], n)

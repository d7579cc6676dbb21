"""How much effort the trials are worth: as many items as the wanted width of the interval takes."""

import math
from dataclasses import dataclass
from typing import Literal

EffortName = Literal["quick", "standard", "full"]

_Z = 1.959964


@dataclass(frozen=True)
class Effort:
    """The wanted precision of a share, and the items that it takes.

    Parameters
    ----------
    name : {"quick", "standard", "full"}
    half_width : float
        Of the 95 % interval of a share of one half, where it is widest: 0.05 is plus or minus 5
        percentage points.
    costly_half_width : float
        The same where every item takes many passes, as in attacks.
    most : int or None
        No more items than that, whatever the width.
    """

    name: EffortName
    half_width: float
    costly_half_width: float
    most: int | None = None

    def items(self, costly: bool = False) -> int:
        """Return how many items give an interval no wider than wanted.

        The normal approximation: n = z^2 / (4 w^2) for the half width w.
        """
        width = self.costly_half_width if costly else self.half_width
        n = math.ceil(_Z**2 / (4 * width**2))
        return n if self.most is None else min(n, self.most)


def effort_of(name: EffortName, most: int | None = None) -> Effort:
    """Return the effort called `name`, over at most `most` items."""
    widths = {"quick": (0.05, 0.1), "standard": (0.03, 0.05), "full": (0.01, 0.03)}
    return Effort(name, *widths[name], most)

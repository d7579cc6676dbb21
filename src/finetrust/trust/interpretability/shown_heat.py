"""Heat as it is drawn, and where it lies: any attribution map in [0, 1], with what stands against it."""

from dataclasses import dataclass

import numpy as np

LOWEST, HIGHEST = 1.0, 99.5
MOST_OF_A_QUARTER = 0.55
MOST_OF_A_HALF = 0.7
QUARTERS = (
    "in the upper left", "at the top", "in the upper right",
    "on the left", "in the middle", "on the right",
    "in the lower left", "at the bottom", "in the lower right",
)  # fmt: skip
_NOTHING = 1e-12


@dataclass(frozen=True, eq=False)
class ShownHeat:
    """A heat map as it is drawn.

    Parameters
    ----------
    speaks_for : float64 array (h, w)
        In [0, 1]; all 0 where no place speaks for the class.
    speaks_against : float64 array (h, w)
        In [0, 1], on the same scale; all 0 for a method whose maps have no sign.
    """

    speaks_for: np.ndarray
    speaks_against: np.ndarray

    @classmethod
    def of(cls, heat: np.ndarray, signed: bool) -> "ShownHeat":
        """Scale a map so that single extreme pixels do not darken all others.

        The strongest half percent of the pixels is drawn alike. Where numbers have a sign, 0 is no
        heat, and both signs share one scale. Where they have none, the lowest percent of the pixels
        is no heat: maps such as attention rollout are positive everywhere.

        Parameters
        ----------
        heat : float array (h, w)
            A pixel that is not finite is drawn as none.
        signed : bool
            Whether a negative number speaks against the class.
        """
        known = np.where(np.isfinite(heat), heat, 0.0).astype(np.float64)
        if signed:
            top = _top(np.abs(known))
            return cls(_scaled(known, 0.0, top), _scaled(-known, 0.0, top))
        low = float(np.percentile(known, LOWEST))
        return cls(_scaled(known, low, _top(known)), np.zeros_like(known))

    @property
    def is_empty(self) -> bool:
        """Whether no place speaks for the class."""
        return not self.speaks_for.any()

    @property
    def area_of_half(self) -> float:
        """The share of the pixels that hold half of what speaks for the class: the fewest that do."""
        strongest = np.sort(self.speaks_for, axis=None)[::-1]
        sums = np.cumsum(strongest)
        return float(np.searchsorted(sums, sums[-1] / 2) + 1) / strongest.size

    @property
    def place(self) -> str | None:
        """Where most of it lies, in words; None where it is spread wider.

        At least 55 % of it lies in that quarter of the image, or 70 % in that half.
        """
        quarters, halves = _regions(self.speaks_for)
        for regions, least in ((quarters, MOST_OF_A_QUARTER), (halves, MOST_OF_A_HALF)):
            best = max(regions, key=lambda name: regions[name])
            if regions[best] >= least:
                return best
        return None


def _top(values: np.ndarray) -> float:
    """Return what is drawn as the strongest; of maps that are 0 nearly everywhere the maximum."""
    high = float(np.percentile(values, HIGHEST))
    return high if high > float(np.percentile(values, LOWEST)) else float(values.max())


def _scaled(values: np.ndarray, low: float, high: float) -> np.ndarray:
    span = high - low
    if span <= _NOTHING * max(abs(high), abs(low)) or span <= 0:
        return np.zeros_like(values)
    return ((values - low) / span).clip(0, 1)


def _regions(heat: np.ndarray) -> tuple[dict[str, float], dict[str, float]]:
    """Return the share of the heat in each quarter and in each half of an image."""
    total = heat.sum()
    h, w = heat.shape
    # Windows of half the height and width, from edge to edge in steps of a quarter.
    rows, columns = (
        (slice(0, -(-n // 2)), slice(n // 4, n - n // 4), slice(n // 2, n)) for n in (h, w)
    )
    quarters = {
        name: (rows[number // 3], columns[number % 3]) for number, name in enumerate(QUARTERS)
    }
    everything = slice(None)
    halves = {
        "in the left half": (everything, columns[0]),
        "in the right half": (everything, columns[2]),
        "in the upper half": (rows[0], everything),
        "in the lower half": (rows[2], everything),
    }
    of_quarters, of_halves = (
        {name: float(heat[box].sum() / total) if total else 0.0 for name, box in boxes.items()}
        for boxes in (quarters, halves)
    )
    return of_quarters, of_halves

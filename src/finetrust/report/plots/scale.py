"""Scales: round numbers for the ticks of an axis, and the place of a value on it."""

import math
from dataclasses import dataclass


@dataclass(frozen=True)
class Scale:
    """A linear scale from values to coordinates.

    Parameters
    ----------
    low, high : float
        The values at its ends; `high` is above `low`.
    start, end : float
        Their coordinates.
    """

    low: float
    high: float
    start: float
    end: float

    def __call__(self, value: float) -> float:
        """Return the coordinate of `value`; what lies beyond an end is drawn at that end."""
        share = (value - self.low) / (self.high - self.low)
        return self.start + min(1.0, max(0.0, share)) * (self.end - self.start)


def round_ticks(low: float, high: float, most: int = 6) -> list[float]:
    """Return evenly spaced round numbers that enclose [low, high].

    The step is 1, 2 or 5 times a power of ten, the smallest with at most `most` ticks.

    Parameters
    ----------
    low, high : float
        Equal ones are widened.
    most : int
        At least 3.
    """
    if high <= low:
        low, high = low - abs(low or 1) / 2, low + abs(low or 1) / 2
    power = 10.0 ** math.floor(math.log10((high - low) / most))
    for factor in (1, 2, 5, 10, 20, 50):
        step = factor * power
        first, last = math.floor(low / step + 1e-9), math.ceil(high / step - 1e-9)
        if last - first + 1 <= most:
            break
    return [round(k * step, 12) for k in range(first, last + 1)]


def tick_label(value: float) -> str:
    """Return a tick as text, without digits that say nothing."""
    return f"{value:.6g}"

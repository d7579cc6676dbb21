"""A budget of time: how much of it is left."""

import time


class Budget:
    """Time that runs from now on; without a limit it never ends.

    Parameters
    ----------
    seconds : float or None
    """

    def __init__(self, seconds: float | None) -> None:
        self._end = None if seconds is None else time.monotonic() + seconds

    @property
    def left(self) -> float:
        """Seconds that are left, 0 at least."""
        return float("inf") if self._end is None else max(0.0, self._end - time.monotonic())

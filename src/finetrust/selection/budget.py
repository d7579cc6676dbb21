"""A budget of time: how it is written, and how much of it is left."""

import re
import time

from finetrust.core.errors import UserError

_PARTS = re.compile(r"(?:(\d+(?:\.\d+)?)h)?(?:(\d+(?:\.\d+)?)m)?(?:(\d+(?:\.\d+)?)s?)?")


def seconds_of(text: str) -> float:
    """Return the seconds of ``90``, ``90s``, ``10m`` or ``1h30m``.

    Raises
    ------
    UserError
        If it is something else, or no time at all.
    """
    match = _PARTS.fullmatch(text.strip().lower())
    parts = [float(part or 0) for part in match.groups()] if match else [0.0]
    total = sum(part * unit for part, unit in zip(parts, (3600, 60, 1), strict=False))
    if not match or total <= 0:
        raise UserError(f"the budget is '{text}'", "Write a time such as 90s, 10m or 1h30m.")
    return total


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

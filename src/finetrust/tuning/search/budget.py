"""How long a search may go on: so many trials, or so much time."""

import re
import statistics
from collections.abc import Sequence
from dataclasses import dataclass

from finetrust.core.errors import UserError

_UNITS = {"d": 86400.0, "h": 3600.0, "m": 60.0, "min": 60.0, "s": 1.0}
_AMOUNT = re.compile(r"(\d+(?:\.\d+)?)\s*(d|h|min|m|s)\s*")


def seconds_of(text: str) -> float:
    """Return a time as seconds: ``"2h"``, ``"90m"``, ``"1h30m"``, ``"45s"``.

    Raises
    ------
    UserError
        If it is no such time, or none at all.
    """
    found = _AMOUNT.findall(text)
    total = sum(float(amount) * _UNITS[unit] for amount, unit in found)
    if _AMOUNT.sub("", text.strip()) or total <= 0:
        raise UserError(f"--budget '{text}' is no time", "Write it as 2h, 90m or 1h30m.")
    return total


@dataclass(frozen=True)
class Budget:
    """What a search may spend; at least one of both is set.

    Parameters
    ----------
    trials : int or None
        Trials in all, those of other processes included.
    seconds : float or None
        Time of this process and of the trials in its folder before it.
    """

    trials: int | None = None
    seconds: float | None = None

    def allows(self, begun: int, spent: float, durations: Sequence[float]) -> bool:
        """Return whether another trial may begin.

        With a budget of time it may if one of the usual length (the median so far) would still fit.

        Parameters
        ----------
        begun : int
            Trials that were begun.
        spent : float
            Seconds that are gone.
        durations : sequence of float
            Seconds that trials took.
        """
        if self.trials is not None and begun >= self.trials:
            return False
        usual = statistics.median(durations) if durations else 0.0
        return self.seconds is None or begun == 0 or spent + usual <= self.seconds

    def left(self, begun: int, spent: float, durations: Sequence[float]) -> float | None:
        """Return how many seconds the search will probably still take, or None where that is not known."""
        usual = statistics.median(durations) if durations else None
        by_trials = None if usual is None or self.trials is None else (self.trials - begun) * usual
        by_time = None if self.seconds is None else self.seconds - spent
        known = [seconds for seconds in (by_trials, by_time) if seconds is not None]
        return max(0.0, min(known)) if known else None

"""How long a search may go on: so many trials, or so much time."""

import statistics
from collections.abc import Sequence
from dataclasses import dataclass


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

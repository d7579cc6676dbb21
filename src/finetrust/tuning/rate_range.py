"""The learning-rate range test: the rate is raised step by step until the loss no longer falls."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from finetrust.tuning.strategy import Phase

STEPS = 80
LEAST, MOST = 1e-3, 1e2
"""First and last factor on the strategy's own rates."""
_BELOW = 10.0
_MEMORY = 0.9


def swept_factors() -> list[float]:
    """Return the factors on the strategy's rates, each step by the same ratio higher."""
    return np.geomspace(LEAST, MOST, STEPS).tolist()


@dataclass(frozen=True)
class RateRange:
    """What a sweep over learning rates found.

    Parameters
    ----------
    factor : float
        On the strategy's own rates.
    factors, losses : tuple of float
        Of the steps that were made.
    """

    factor: float
    factors: tuple[float, ...]
    losses: tuple[float, ...]


def found_in(factors: Sequence[float], losses: Sequence[float]) -> RateRange:
    """Return the range test's choice: a tenth of the rate at which the smoothed loss is lowest.

    Smith (2017), "Cyclical Learning Rates for Training Neural Networks", WACV, section 3.3, raises the
    rate over one run and takes one from where the loss still falls; a tenth of the rate at its minimum
    is fastai's rule (``lr_find``), which smooths the losses by an exponential mean without bias. Where
    the loss never falls below its first value the strategy's own rate stays: a factor of 1.

    Parameters
    ----------
    factors : sequence of float (steps,)
    losses : sequence of float (up to steps,)
        Shorter where a step had no finite loss.

    Returns
    -------
    RateRange
    """
    smooth = _smoothed(np.asarray(losses, np.float64))
    lowest = int(smooth.argmin()) if len(smooth) else 0
    factor = factors[lowest] / _BELOW if lowest else 1.0
    return RateRange(factor, tuple(factors[: len(losses)]), tuple(losses))


def scaled(phase: Phase, factor: float) -> Phase:
    """Return `phase` with all of its learning rates times `factor`."""
    return replace(
        phase,
        learning_rate=phase.learning_rate * factor,
        backbone_learning_rate=phase.backbone_learning_rate * factor,
    )


def _smoothed(losses: np.ndarray) -> np.ndarray:
    mean, found = 0.0, []
    for step, loss in enumerate(losses, start=1):
        mean = _MEMORY * mean + (1 - _MEMORY) * loss
        found.append(mean / (1 - _MEMORY**step))
    return np.asarray(found)

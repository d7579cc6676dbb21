"""Differences of two ways to train, over the items that both are judged on and over seeds."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from scipy.special import stdtr

from finetrust.api.evaluated_run import EvaluatedRun
from finetrust.core.evidence import Evidence
from finetrust.trust.accuracy.intervals import RESAMPLES
from finetrust.trust.comparison.estimates import Estimates
from finetrust.trust.comparison.holm import holm
from finetrust.trust.stability.ood.choice import placements
from finetrust.trust.stability.ood.judged import judged
from finetrust.trust.stability.repeats.crossed import Spread

SCORE = "energy"
"""Of Liu, Wang, Owens & Li 2020: the same for all trainings, so that the choice of one decides nothing."""


@dataclass(frozen=True)
class Figure:
    """A measure by which trainings are compared.

    Parameters
    ----------
    title : str
    name, subset : str
        Of the measure.
    better : int
        1 where higher is better, -1 where lower is.
    """

    title: str
    name: str
    subset: str = ""
    better: int = 1


@dataclass(frozen=True)
class Difference:
    """By how much the second way of training is better, with its 95 % interval.

    Parameters
    ----------
    first, second : float
        The figures, means over the seeds.
    gain, low, high : float
        Positive is better, whichever way the measure points.
    p_value, adjusted : float
        Of no difference; and corrected by Holm among those that were tested together.
    n, seeds : int
    """

    first: float
    second: float
    gain: float
    low: float
    high: float
    p_value: float
    adjusted: float
    n: int
    seeds: int

    @property
    def verdict(self) -> str:
        if self.adjusted > 0.05:
            return ""
        return "better" if self.gain > 0 else "worse"


def difference(
    figure: Figure, first: Sequence[EvaluatedRun], second: Sequence[EvaluatedRun]
) -> Difference | None:
    """Return the difference of runs in pairs of one seed; None where one of them lacks the figure.

    The variance is that over items (a bootstrap of the items, the same ones in all runs) of the mean
    over seeds, plus that between seeds: a little too large, for what is special to an item and a seed
    is in both (:func:`finetrust.trust.stability.repeats.crossed.spread_of_mean`). Student's t with
    Satterthwaite's degrees of freedom.
    """
    found = [[_known(figure, run.evidence) for run in runs] for runs in (first, second)]
    if any(one is None for runs in found for one in runs):
        return None
    values = np.array([[one[0] for one in runs] for runs in found])
    resampled = np.array([[one[1] for one in runs] for runs in found])
    n = min(one[2] for runs in found for one in runs)
    apart = figure.better * (values[1] - values[0])
    of_items = np.nanvar((resampled[1] - resampled[0]).mean(axis=0), ddof=1) * n / (n - 1)
    parts = [(float(of_items), n - 1.0)]
    if len(apart) > 1:
        parts.append((float(apart.var(ddof=1)) / len(apart), len(apart) - 1.0))
    spread, gain = Spread(parts), float(apart.mean())
    error = float(np.sqrt(spread.variance))
    p_value = 1.0 if error == 0 else 2 * float(stdtr(_freedom(parts), -abs(gain) / error))
    half = spread.t * error
    means = values.mean(axis=1).tolist()
    # All figures are shares: they cannot differ by more than 1.
    low, high = max(gain - half, -1.0), min(gain + half, 1.0)
    return Difference(*means, gain, low, high, p_value, p_value, n, len(apart))


def corrected(found: Sequence[Difference]) -> list[Difference]:
    """Return differences with p-values corrected for their number (Holm 1979)."""
    adjusted = holm(np.array([one.p_value for one in found])).tolist()
    return [replace(one, adjusted=p) for one, p in zip(found, adjusted, strict=True)]


def _freedom(parts: Sequence[tuple[float, float]]) -> float:
    total = sum(variance for variance, _ in parts)
    return max(total**2 / sum(variance**2 / df for variance, df in parts), 1.0)


def _known(figure: Figure, evidence: Evidence) -> tuple[float, np.ndarray, int] | None:
    """Return the figure, its values on resamples that all runs share, and how many items it rests on."""
    if figure.name.startswith("ood_auroc"):
        return _auroc(evidence)
    found = Estimates(evidence).get(figure.name, figure.subset)
    if found is None or found.replicates is None:
        return None
    return found.value, found.replicates(), found.n


def _auroc(evidence: Evidence) -> tuple[float, np.ndarray, int]:
    """Return the mean AUROC of near sets by one score for all; familiar and other items are resampled."""
    tables = judged(evidence)
    familiar = tables.familiar[SCORE]
    sets = [scores[SCORE] for scores in tables.at("near").values()]
    rng = np.random.default_rng(0)
    resampled = np.empty(RESAMPLES)
    for number in range(RESAMPLES):
        known = rng.choice(familiar, len(familiar))
        drawn = [rng.choice(one, len(one)) for one in sets]
        resampled[number] = _mean_auroc(known, drawn)
    return _mean_auroc(familiar, sets), resampled, len(familiar)


def _mean_auroc(familiar: np.ndarray, sets: Sequence[np.ndarray]) -> float:
    return float(np.mean([placements(one, familiar).mean() for one in sets]))

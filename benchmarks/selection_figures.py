"""How well orders of pretrained models foretell what fine-tuning comes to: figures with their intervals."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from finetrust.selection.ensemble import Outcome, Values, standings
from finetrust.selection.kendall import LEVEL, RESAMPLES, resampled, weighted_taus

ByCandidate = Mapping[str, float]


@dataclass(frozen=True, eq=False)
class Judged:
    """A target on which all candidates were scored and fine-tuned.

    Parameters
    ----------
    title : str
    values : mapping
        Candidate -> score -> value.
    right : mapping
        Candidate -> bool array (seeds, n): which test items were answered rightly.
    """

    title: str
    values: Values
    right: Mapping[str, np.ndarray]

    @cached_property
    def accuracy(self) -> dict[str, float]:
        return {name: float(right.mean()) for name, right in self.right.items()}

    @property
    def n(self) -> int:
        return next(iter(self.right.values())).shape[1]

    @property
    def best(self) -> str:
        return max(self.accuracy, key=self.accuracy.__getitem__)

    @property
    def outcome(self) -> Outcome:
        return Outcome(self.values, self.accuracy)

    def resampled_accuracy(self, names: Sequence[str], seed: int) -> np.ndarray:
        """Return accuracies on test items drawn anew, the same ones for all: (resamples, names)."""
        each = np.stack([self.right[name].mean(axis=0) for name in names])
        drawn = np.random.default_rng(seed).multinomial(
            self.n, np.full(self.n, 1 / self.n), RESAMPLES
        )
        return drawn @ each.T / self.n


@dataclass(frozen=True, eq=False)
class Order:
    """What orders the candidates of every target.

    Parameters
    ----------
    title : str
    by : sequence of mapping
        Candidate -> value, of each target; candidates that have none are left out.
    """

    title: str
    by: Sequence[ByCandidate]


@dataclass(frozen=True)
class Interval:
    value: float
    low: float
    high: float


@dataclass(frozen=True, eq=False)
class Taus:
    """Kendall's weighted tau of an order on every target.

    Parameters
    ----------
    values : float64 array (targets,)
    replicates : float64 array (resamples, targets)
        Over candidates and test items that are drawn anew, the candidates alike on all targets.
    candidates : int
        Those that the order has a value for.
    lost : float
        Accuracy that is lost by taking the first of the order instead of the best, mean over targets.
    """

    values: np.ndarray
    replicates: np.ndarray
    candidates: int
    lost: float

    @property
    def each(self) -> list[Interval]:
        """Tau of each target."""
        pairs = zip(self.values, self.replicates.T, strict=True)
        return [_interval(value, replicates) for value, replicates in pairs]

    @property
    def mean(self) -> Interval:
        """Mean tau; targets are drawn anew too."""
        return _interval(self.values.mean(), _over_targets(self.replicates))


def taus_of(order: Order, judged: Sequence[Judged]) -> Taus:
    """Return the weighted taus of an order with their resamples."""
    values, replicates, lost = [], [], []
    for number, (by, one) in enumerate(zip(order.by, judged, strict=True)):
        names = list(by)
        value = np.array([by[name] for name in names])
        truth = np.array([one.accuracy[name] for name in names])
        rows = resampled(len(names), seed=0)
        values.append(_tau(value, truth))
        replicates.append(weighted_taus(value, one.resampled_accuracy(names, number), rows))
        first = value == value.max()
        lost.append(truth.max() - truth[first].mean())
    fewest = min(len(by) for by in order.by)
    return Taus(np.array(values), np.stack(replicates, axis=1), fewest, float(np.mean(lost)))


def gain(one: Taus, other: Taus) -> Interval:
    """Return the mean difference of two orders of the same candidates on the same resamples."""
    return _interval(
        (one.values - other.values).mean(), _over_targets(one.replicates - other.replicates)
    )


def by_a_seed(judged: Sequence[Judged]) -> list[float]:
    """Return the tau of each target by which one seed's fine-tunings order the mean of the others.

    It is what all the cost of fine-tuning buys, and about what an order can reach: the truth is noisy.
    Means over the seeds; NaN with fewer than two.
    """
    found = []
    for one in judged:
        each = np.stack([right.mean(axis=1) for right in one.right.values()], axis=1)
        seeds = range(len(each))
        taus = [_tau(each[seed], np.delete(each, seed, axis=0).mean(axis=0)) for seed in seeds]
        found.append(float(np.mean(taus)) if len(each) > 1 else np.nan)
    return found


def fixed_order(judged: Sequence[Judged]) -> dict[str, float]:
    """Return the mean standing of each candidate by its accuracy over some targets."""
    names = list(judged[0].accuracy)
    each = [standings({n: {"": one.accuracy[n]} for n in names}, [""])[:, 0] for one in judged]
    return dict(zip(names, np.mean(each, axis=0).tolist(), strict=True))


def _tau(values: np.ndarray, truth: np.ndarray) -> float:
    """Return the weighted tau; an order that tells nothing has 0."""
    found = weighted_taus(values, truth, np.arange(len(values))[None])[0]
    return 0.0 if np.isnan(found) else float(found)


def _over_targets(replicates: np.ndarray) -> np.ndarray:
    """Return means over targets that are drawn anew: (resamples,); NaN where none has a tau."""
    count = replicates.shape[1]
    drawn = np.random.default_rng(1).integers(0, count, replicates.shape)
    taken = np.take_along_axis(replicates, drawn, axis=1)
    known = (~np.isnan(taken)).sum(axis=1)
    return np.where(known, np.nansum(taken, axis=1), np.nan) / np.maximum(known, 1)


def _interval(value: float, replicates: np.ndarray) -> Interval:
    tail = (1 - LEVEL) / 2
    low, high = np.nanquantile(replicates, [tail, 1 - tail])
    return Interval(float(value), float(low), float(high))

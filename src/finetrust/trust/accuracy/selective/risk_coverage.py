"""The risk-coverage curve: how often answers are wrong when only the most confident are given.

El-Yaniv & Wiener, "On the Foundations of Noise-free Selective Classification", JMLR 2010; Geifman,
Uziel & El-Yaniv, "Bias-Reduced Uncertainty Estimation for Deep Neural Classifiers", ICLR 2019,
section 2 (AURC, and the excess over the best order there can be).
"""

from dataclasses import dataclass
from functools import cached_property, lru_cache

import numpy as np

from finetrust.trust.accuracy.intervals import (
    RESAMPLES,
    resampled_counts,
    resampled_means,
    wilson,
)

POINTS = 200
MOST_RECOMPUTED = 10_000


@dataclass(frozen=True, eq=False)
class RankedErrors:
    """Which answers are wrong, the most confident first; items of equal confidence in groups.

    Parameters
    ----------
    order : int array (n,)
        The items, most confident first.
    wrong : bool array (n,)
        In that order.
    ends : int array (groups,)
        How many items there are up to the end of each group.
    """

    order: np.ndarray
    wrong: np.ndarray
    ends: np.ndarray

    @classmethod
    def of(cls, confidence: np.ndarray, wrong: np.ndarray) -> "RankedErrors":
        """Rank items by their confidence (n,); `wrong` says of each whether its answer is."""
        order = np.argsort(-confidence, kind="stable")
        ranked = confidence[order]
        last = np.flatnonzero(np.append(ranked[1:] != ranked[:-1], True))
        return cls(order, wrong[order], last + 1)

    @property
    def errors(self) -> int:
        """How many are wrong."""
        return int(np.count_nonzero(self.wrong))

    @cached_property
    def aurc(self) -> float:
        """The area under the risk-coverage curve: the mean over k of the risk of the first k.

        Items of equal confidence may come in any order; the value is the mean over all of these
        orders. Of m such items with e errors behind W items with E errors, the j-th is reached with
        ``E + j e / m`` errors, so that they add ``e + (E - W e / m) (H(W + m) - H(W))``, with the
        harmonic numbers H. Between 0 (nothing wrong) and 1 (all wrong); the error rate for
        confidence that says nothing.
        """
        items = np.diff(self.ends, prepend=0).astype(float)
        return float(_area(items[None], self._in_groups(self.wrong[None].astype(float)))[0])

    @property
    def excess(self) -> float:
        """By how much the AURC is above that of the best order (Geifman et al. 2019)."""
        return max(0.0, self.aurc - float(optimal_aurc(self.errors, len(self.wrong))))

    @cached_property
    def influence(self) -> tuple[np.ndarray, np.ndarray]:
        """How much each item moves AURC and excess: float64 (n,) each, of mean 0, as items came.

        The AURC is the mean over items t of N(t) / C(t): errors among, and share of, the items at
        least as confident as t. An item i adds its own risk as a t, and moves the risk of every t
        that is at most as confident by (wrong - risk) / C.
        """
        n = len(self.wrong)
        risk = np.cumsum(self.wrong)[self.ends - 1] / self.ends
        size = np.diff(self.ends, prepend=0)
        # Over all t at most as confident: of 1 / C, and of risk / C.
        of_one = np.cumsum((size / self.ends)[::-1])[::-1]
        of_risk = np.cumsum((size * risk / self.ends)[::-1])[::-1]
        moved = np.repeat(risk - of_risk, size) + self.wrong * np.repeat(of_one, size)
        area, excess = np.empty(n), np.empty(n)
        area[self.order] = moved - moved.mean()
        error = self.errors / n
        steepness = -np.log1p(-min(error, 1 - 1 / n)) if n > 1 else 0.0
        excess[self.order] = moved - moved.mean() - steepness * (self.wrong - error)
        return area, excess

    def resampled(self, seed: int) -> tuple[np.ndarray, np.ndarray]:
        """Return AURC and excess of the shared resamples of the items: float64 (n_resamples,) each.

        Computed anew for each resample of up to ``MOST_RECOMPUTED`` items; of more, to first order
        by the influence of each item, which differs from that by the order of 1 / n.
        """
        n = len(self.wrong)
        if n > MOST_RECOMPUTED:
            means = resampled_means(np.stack(self.influence, axis=1), RESAMPLES, seed)
            return self.aurc + means[:, 0], self.excess + means[:, 1]
        areas, excesses = [], []
        for counts in resampled_counts(n, RESAMPLES, seed):
            drawn = counts[:, self.order]
            missed = drawn * self.wrong
            area = _area(self._in_groups(drawn), self._in_groups(missed))
            areas.append(area)
            excesses.append(area - optimal_aurc(missed.sum(axis=1).astype(np.int64), n))
        return np.concatenate(areas), np.concatenate(excesses)

    def curve(self) -> dict[str, list[float]]:
        """Return the curve at no more than ``POINTS`` shares of answered items, as JSON values.

        Returns
        -------
        dict
            ``coverage`` (shares of the items answered, ascending to 1), ``risk`` (share of errors
            among them), ``risk_low`` and ``risk_high`` (Wilson interval of each point by itself),
            and ``best`` (the risk if every wrong answer were less confident than every right one).
        """
        n = len(self.wrong)
        k = np.unique(np.round(np.linspace(1, n, min(n, POINTS))).astype(np.int64))
        errors = np.append(0, np.cumsum(self.wrong))
        # Within a group of equal confidence errors come evenly, on average over its orders.
        ends = np.append(0, self.ends)
        expected = np.interp(k, ends, errors[ends])
        low, high = wilson(expected, k)
        curve = {
            "coverage": k / n,
            "risk": expected / k,
            "risk_low": low,
            "risk_high": high,
            "best": np.maximum(0, k - (n - errors[-1])) / k,
        }
        return {name: [round(float(x), 6) for x in values] for name, values in curve.items()}

    def _in_groups(self, counts: np.ndarray) -> np.ndarray:
        """Return counts (rows, n), in order, as sums over groups."""
        if len(self.ends) == len(self.wrong):
            return counts
        return np.add.reduceat(counts, np.append(0, self.ends[:-1]), axis=1)


def optimal_aurc(n_wrong: np.ndarray | int, n: int) -> np.ndarray:
    """Return the AURC if every wrong answer were less confident than every right one."""
    right = n - np.asarray(n_wrong)
    harmonic = _harmonic_numbers(n)
    return (n - right - right * (harmonic[n] - harmonic[right])) / n


def _area(items: np.ndarray, errors: np.ndarray) -> np.ndarray:
    """Return the AURC of items and errors (rows, groups) in order: float64 array (rows,)."""
    after, missed = np.cumsum(items, axis=1), np.cumsum(errors, axis=1)
    n = int(after[0, -1])
    harmonic = _harmonic_numbers(n)[after.astype(np.int64)]
    step = np.diff(harmonic, axis=1, prepend=0.0)
    share = errors / np.maximum(items, 1)
    inner = (missed - errors - (after - items) * share) * step
    return (errors.sum(axis=1) + inner.sum(axis=1)) / n


@lru_cache(maxsize=2)
def _harmonic_numbers(n: int) -> np.ndarray:
    return np.append(0.0, np.cumsum(1 / np.arange(1, n + 1)))

"""F1 under corruption: by severity, by type and over all types, and the part of the clean F1 kept.

Hendrycks & Dietterich, "Benchmarking Neural Network Robustness to Common Corruptions and
Perturbations", ICLR 2019, section 4, with F1 in the place of accuracy.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import cache

import numpy as np

from finetrust.core.errors import NotApplicable
from finetrust.core.evidence import Evidence
from finetrust.core.measure import Estimate
from finetrust.trust.accuracy.intervals import RESAMPLES, bca_interval, resampled_means
from finetrust.trust.accuracy.ratios import share_interval
from finetrust.trust.stability.corruption_replicates import shared_means

Counts = tuple[np.ndarray, np.ndarray]
"""For each item how many answers are right, and how many are given plus how many are due."""

_SAME = 1e-12


class Score:
    """An F1, or a mean of some, with what its interval is made of.

    Parameters
    ----------
    value : float
    replicates : float array (resamples,)
        On resamples of the corrupted items.
    shared : callable
        Returns it on the shared resamples of all clean items: float array (RESAMPLES,).
    influence : float array (items,)
    weight : float
        How many answers are due.
    """

    def __init__(
        self,
        value: float,
        replicates: np.ndarray,
        shared: Callable[[], np.ndarray],
        influence: np.ndarray,
        weight: float,
    ) -> None:
        self.value, self.replicates, self.shared = value, replicates, shared
        self.influence, self.weight = influence, weight

    @classmethod
    def mean(cls, scores: Sequence["Score"]) -> "Score":
        """Return the mean of scores of the same items."""
        return cls(
            float(np.mean([score.value for score in scores])),
            np.mean([score.replicates for score in scores], axis=0),
            lambda: np.mean([score.shared() for score in scores], axis=0),
            np.mean([score.influence for score in scores], axis=0),
            scores[0].weight,
        )

    def estimate(self, subset: str, details: Mapping) -> Estimate:
        """Return it with its BCa interval over the items."""
        if np.ptp(self.influence) < _SAME:
            low, high = share_interval(self.value, self.weight)
        else:
            low, high = bca_interval(self.value, self.replicates, self.influence)
        low, high = max(low, 0.0), min(high, 1.0)
        return Estimate(self.value, low, high, len(self.influence), subset, details, self.shared)


ByType = Mapping[str, Mapping[int, Score]]


def scores_of(
    clean: Counts,
    corrupted: Mapping[str, Mapping[int, Counts]],
    due: np.ndarray,
    evidence: Evidence,
    ids: np.ndarray,
) -> tuple[Score, ByType]:
    """Return the F1 of the same items untouched, and by corruption and severity.

    Parameters
    ----------
    clean : (right, uses), float arrays (items,)
    corrupted : mapping of type to severity to such counts
    due : float array (items,)
        How many answers are due; at least one in all.
    evidence : Evidence
        What they were counted from.
    ids : str array (items,)
    """
    keys = [(name, severity) for name, of in corrupted.items() for severity in of]
    tables = [clean, *(corrupted[name][severity] for name, severity in keys)]
    columns = np.stack([column for table in tables for column in table], axis=1)
    columns = np.column_stack([columns, due])
    means = resampled_means(columns, RESAMPLES, evidence.seed)
    # A resample without any answer that is due says nothing.
    drawn = means[means[:, -1] > 0, :-1]

    @cache
    def shared() -> np.ndarray:
        """Return F1 of each table: float64 array (RESAMPLES, tables)."""
        means = shared_means(evidence, ids, columns)
        there = means[:, -1:] > 0
        return 2 * means[:, 0:-1:2] / np.where(there, means[:, 1:-1:2], np.nan)

    def score(i: int) -> Score:
        (right, uses), (hits, used) = tables[i], drawn[:, 2 * i : 2 * i + 2].T
        value = float(2 * right.sum() / uses.sum())
        influence = (2 * right - value * uses) / uses.sum()
        weight = float(due.sum())
        return Score(value, 2 * hits / used, lambda: shared()[:, i], influence, weight)

    first, *others = (score(i) for i in range(len(tables)))
    by_type: dict[str, dict[int, Score]] = {}
    for (name, severity), found in zip(keys, others, strict=True):
        by_type.setdefault(name, {})[severity] = found
    return first, by_type


def whole_and_by_type(by_type: ByType) -> Iterator[Estimate]:
    """Yield the mean over all types, then each type; the details hold F1 by severity."""
    table = {
        name: {str(severity): score.value for severity, score in sorted(of.items())}
        for name, of in by_type.items()
    }
    means = {name: Score.mean(list(of.values())) for name, of in by_type.items()}
    yield Score.mean(list(means.values())).estimate("", table)
    for name, mean in means.items():
        yield mean.estimate(f"corruption={name}", table[name])


def part_kept(clean: Score, by_type: ByType) -> Estimate:
    """Return F1 under corruption divided by that of the same items untouched.

    Raises
    ------
    NotApplicable
        If nothing is right in the untouched items.
    """
    if clean.value == 0:
        raise NotApplicable(
            "nothing is right in the untouched texts, so that nothing could be lost"
        )
    corrupted = Score.mean([Score.mean(list(of.values())) for of in by_type.values()])
    value = corrupted.value / clean.value
    influence = corrupted.influence - value * clean.influence

    def shared() -> np.ndarray:
        untouched = clean.shared()
        return corrupted.shared() / np.where(untouched > 0, untouched, np.nan)

    if np.ptp(influence) < _SAME:
        low, high = share_interval(min(value, 1.0), clean.weight)
        return Estimate(value, low, max(high, value), len(influence), replicates=shared)
    kept = clean.replicates > 0
    low, high = bca_interval(value, corrupted.replicates[kept] / clean.replicates[kept], influence)
    return Estimate(value, low, high, len(influence), replicates=shared)

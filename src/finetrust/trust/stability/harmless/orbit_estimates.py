"""Figures over the orbit of harmless changes: of all families, and of each."""

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

import numpy as np

from finetrust.core.errors import NotApplicable
from finetrust.core.evidence import Evidence
from finetrust.core.measure import Absence, Estimate
from finetrust.trust.accuracy.intervals import bootstrap_share, wilson
from finetrust.trust.stability.corruption_replicates import shared_means
from finetrust.trust.stability.harmless.orbit import NOT_ALTERED, ByChange, orbit

IDS_SHOWN = 100


def mean_estimates(evidence: Evidence, found: Mapping[str, ByChange]) -> list[Estimate | Absence]:
    """Return shares over all changes, families counting the same and within one every change.

    Parameters
    ----------
    evidence : Evidence
    found : mapping of family to mapping of change to bool array (n,)
    """
    by_family = {family: np.mean(list(of.values()), axis=0) for family, of in found.items()}
    table = {
        family: {change: float(values.mean()) for change, values in of.items()}
        for family, of in found.items()
    }
    whole = np.mean(list(by_family.values()), axis=0)
    share = partial(bootstrap_share, seed=evidence.seed)
    return [
        _estimate(evidence, whole, share, "", table),
        *(
            _estimate(evidence, values, share, f"change={family}", table[family])
            for family, values in by_family.items()
        ),
        *_absences(evidence),
    ]


def all_estimates(
    evidence: Evidence, found: Mapping[str, ByChange], besides: np.ndarray, negated: bool = False
) -> list[Estimate | Absence]:
    """Return the share of items for which something holds under every change, with Wilson intervals.

    Parameters
    ----------
    evidence : Evidence
    found : mapping of family to mapping of change to bool array (n,)
    besides : bool array (n,)
        What must hold as well.
    negated : bool
        Return the share of all other items instead.
    """

    def held(columns: list[np.ndarray]) -> np.ndarray:
        holds = np.all([besides, *columns], axis=0)
        return (~holds if negated else holds).astype(float)

    every = [values for of in found.values() for values in of.values()]
    names = {family: list(of) for family, of in found.items()}
    return [
        _estimate(evidence, held(every), _wilson, "", {"changes": names}),
        *(
            _estimate(
                evidence, held(list(of.values())), _wilson, f"change={family}",
                {"changes": names[family]},
            )
            for family, of in found.items()
        ),
        *_absences(evidence),
    ]  # fmt: skip


def largest_estimates(
    evidence: Evidence, found: Mapping[str, ByChange]
) -> list[Estimate | Absence]:
    """Return the mean over items of the largest value under any change.

    Items without a value under some change are left out.

    Parameters
    ----------
    evidence : Evidence
    found : mapping of family to mapping of change to float array (n,)
        In [0, 1].

    Raises
    ------
    NotApplicable
        If no item has a value under every change.
    """
    every = np.array([values for of in found.values() for values in of.values()])
    answered = np.isfinite(every).all(axis=0)
    if not answered.any():
        raise NotApplicable("no item has a finite output untouched and under every change")
    ids = orbit(evidence).ids
    without = [str(i) for i in ids[~answered][:IDS_SHOWN]]
    mean = partial(bootstrap_share, seed=evidence.seed)

    def estimate(subset: str, of: np.ndarray, names: list[str]) -> Estimate:
        largest = of[:, answered].max(axis=0)
        worst = int(largest.argmax())
        change = names[int(of[:, answered][:, worst].argmax())]
        details = {
            "largest": float(largest[worst]),
            "largest_of": str(ids[answered][worst]),
            "largest_under": change,
            "without_answer": without,
        }
        return _estimate(evidence, largest, mean, subset, details, ids[answered])

    names = [f"{family} {change}" for family, of in found.items() for change in of]
    return [
        estimate("", every, names),
        *(
            estimate(f"change={family}", np.array(list(of.values())), list(of))
            for family, of in found.items()
        ),
        *_absences(evidence),
    ]


def _absences(evidence: Evidence) -> list[Absence]:
    return [Absence(NOT_ALTERED, f"change={family}") for family in orbit(evidence).unaltered]


def _estimate(
    evidence: Evidence,
    values: np.ndarray,
    interval: Callable[[np.ndarray], tuple[float, float]],
    subset: str,
    details: Mapping[str, Any],
    ids: np.ndarray | None = None,
) -> Estimate:
    low, high = interval(values)
    ids = orbit(evidence).ids if ids is None else ids
    replicates = partial(_replicates, evidence, ids, values)
    return Estimate(float(values.mean()), low, high, len(values), subset, details, replicates)


def _replicates(evidence: Evidence, ids: np.ndarray, values: np.ndarray) -> np.ndarray:
    return shared_means(evidence, ids, values[:, None])[:, 0]


def _wilson(values: np.ndarray) -> tuple[float, float]:
    low, high = wilson(values.sum(), len(values))
    return float(low), float(high)

"""What the decisions on every class come to, and measures that depend on nothing else.

Accuracy, the F1 scores, Cohen's kappa and Matthews' correlation are all functions of three counts a
class: items of the class, items predicted as it, and items that are both. The items are resampled
once for all of them. Efron & Tibshirani, "An Introduction to the Bootstrap", 1993, chapter 14.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from finetrust.core.evidence import Evidence
from finetrust.core.once import once
from finetrust.trust.accuracy.answers import decisions_of
from finetrust.trust.accuracy.class_names import class_names
from finetrust.trust.accuracy.intervals import RESAMPLES, bca_interval, resampled_tallies
from finetrust.trust.accuracy.probabilities import NO_ANSWER

CELLS_AT_ONCE = 1 << 20


@dataclass(frozen=True, eq=False)
class Tallies:
    """Counts of every class in each of r samples; all arrays are float64 (r, classes).

    Parameters
    ----------
    hits : array
        Items of the class that are predicted as it.
    targets : array
        Items of the class.
    predicted : array
        Items predicted as the class; an item without an answer is predicted as none.
    """

    hits: np.ndarray
    targets: np.ndarray
    predicted: np.ndarray

    @property
    def items(self) -> np.ndarray:
        """How many items each sample has: float64 array (r,)."""
        return self.targets.sum(axis=1)

    @property
    def without_answer(self) -> np.ndarray:
        """How many of them are predicted as no class: float64 array (r,)."""
        return self.items - self.predicted.sum(axis=1)


Function = Callable[[Tallies], np.ndarray]
"""From tallies of r samples to a value of each (r,)."""


@once
def tallies_of(evidence: Evidence) -> Tallies:
    """Return the tallies of the clean items: one sample."""
    n_classes = len(class_names(evidence))
    counts = (
        np.bincount(classes[classes >= 0], minlength=n_classes)[None].astype(float)
        for classes in _classes(evidence)
    )
    return Tallies(*counts)


@once
def resampled_tallies_of(evidence: Evidence) -> Tallies:
    """Return the tallies of the shared resamples of the clean items."""
    n_classes = len(class_names(evidence))
    return Tallies(
        *(
            resampled_tallies(classes, n_classes, RESAMPLES, evidence.seed)
            for classes in _classes(evidence)
        )
    )


def replicates_of(evidence: Evidence, function: Function) -> Callable[[], np.ndarray]:
    """Return what gives the values on the shared resamples."""
    return lambda: function(resampled_tallies_of(evidence))


def interval_of(evidence: Evidence, function: Function) -> tuple[float, float] | None:
    """Return the BCa interval of `function` over the items, or None where no resample differs.

    Resamples on which the function is NaN are left out.
    """
    value = function(tallies_of(evidence))[0]
    resampled = function(resampled_tallies_of(evidence))
    resampled = resampled[np.isfinite(resampled)]
    if len(resampled) == 0 or np.ptp(resampled) < 1e-12:
        return None
    return bca_interval(float(value), resampled, item_influence(evidence, function))


def item_influence(evidence: Evidence, function: Function) -> np.ndarray:
    """Return the derivative of `function` by the weight of each clean item: float64 array (n,)."""
    hit, target, predicted = gradient(tallies_of(evidence), function)
    hits, targets, decisions = _classes(evidence)
    influence = target[targets]
    for of_class, classes in ((hit, hits), (predicted, decisions)):
        influence += np.where(classes >= 0, of_class[classes], 0.0)
    return influence


def gradient(tallies: Tallies, function: Function, step: float = 1e-4) -> np.ndarray:
    """Return the derivatives of `function` by the three counts of every class.

    Forward differences, which are exact enough for what they serve, the skewness of influences.

    Parameters
    ----------
    tallies : Tallies
        Of one sample.
    function : callable
    step : float
        In items.

    Returns
    -------
    float64 array (3, classes)
    """
    counts = np.stack([tallies.hits[0], tallies.targets[0], tallies.predicted[0]])
    n_classes = counts.shape[1]
    start = function(tallies)[0]
    slopes = np.empty(counts.shape)
    at_once = max(1, CELLS_AT_ONCE // n_classes)
    for which in range(3):
        for first in range(0, n_classes, at_once):
            classes = np.arange(first, min(first + at_once, n_classes))
            moved = np.repeat(counts[:, None], len(classes), axis=1)
            moved[which, np.arange(len(classes)), classes] += step
            slopes[which, classes] = (function(Tallies(*moved)) - start) / step
    return slopes


def _classes(evidence: Evidence) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return the class that each item is a hit of (-1 for none), belongs to, is predicted as."""
    targets, decisions = evidence.clean["target"], decisions_of(evidence)
    return np.where(targets == decisions, targets, NO_ANSWER), targets, decisions

"""Scores by which classes enter a prediction set, one class after the other from the most probable.

Every score rises from rank to rank, so that the set {score <= threshold} is a number of the most
probable classes.

========  ===================================================================================
``lac``   -log(probability). Least ambiguous sets (Sadinle, Lei & Wasserman, "Least Ambiguous
          Set-Valued Classifiers with Bounded Error Levels", JASA 2019): the smallest sets on
          average. The order is that of 1 - probability, and tells 1e-20 from 1e-30.
``aps``   Adaptive sets (Romano, Sesia & Candès, "Classification with Valid and Adaptive
          Coverage", NeurIPS 2020, section 2): the probability of all classes before it, plus u
          times its own.
``raps``  Regularised adaptive sets (Angelopoulos, Bates, Malik & Jordan, "Uncertainty Sets for
          Image Classifiers using Conformal Prediction", ICLR 2021, section 2): plus `PENALTY` for
          each rank beyond `free_ranks`.
========  ===================================================================================

With u uniform at random for each item the coverage is exact, and some sets are empty. With u = 0, for
validation data and new data alike, nothing in an answer is random, the most probable class is in every
set, and the coverage is at least what was asked for: where the most probable class is right as often as
that, no set gets a second one. That is what ``predict`` shows. (The RAPS authors' code without
randomness takes u = 1 for the threshold and u = 0 for the sets, which are larger than the promise
takes.) Penalty and free ranks go by rule instead of being tuned, so that all validation items serve the
promise: half the binary logarithm of the classes, which are the 5 ranks of the paper for the 1,000
classes of ImageNet.

The probabilities are the model's own, not the calibrated ones. A temperature fitted to the validation
data makes their scores differ from those of new data, and the promise rests on their being alike. LAC
would hardly change; APS sets grow with the temperature that calibrates (Xi et al., "Does Confidence
Calibration Improve Conformal Prediction?", TMLR 2025). What is left of the same kind is that the best
epoch was chosen on the validation data, and the measured coverage shows what that comes to.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

PENALTY = 0.1

SetScore = Callable[["RankedClasses", "float | np.ndarray"], np.ndarray]
"""From the ranked classes of n items and u, a number or (n, 1), to ascending scores (n, classes)."""


@dataclass(frozen=True, eq=False)
class RankedClasses:
    """The classes of some items, the most probable first; float64 arrays (n, classes).

    Parameters
    ----------
    p : array
        Their probabilities.
    before : array
        The probability of all classes before each.
    """

    p: np.ndarray
    before: np.ndarray

    @classmethod
    def of(cls, log_p: np.ndarray) -> "RankedClasses":
        """Rank by log-probabilities (n, classes)."""
        p = np.exp(log_p)
        p.sort(axis=1)
        p = p[:, ::-1]
        before = np.zeros_like(p)
        np.cumsum(p[:, :-1], axis=1, out=before[:, 1:])
        return cls(p, before)


def aps(ranked: RankedClasses, u: float | np.ndarray = 0.0) -> np.ndarray:
    """Return the scores of adaptive sets."""
    return ranked.before if np.ndim(u) == 0 and u == 0 else ranked.before + u * ranked.p


def raps(ranked: RankedClasses, u: float | np.ndarray = 0.0) -> np.ndarray:
    """Return the scores of regularised adaptive sets."""
    n_classes = ranked.p.shape[1]
    beyond = np.maximum(0, np.arange(1, n_classes + 1) - free_ranks(n_classes))
    return aps(ranked, u) + PENALTY * beyond


def free_ranks(n_classes: int) -> int:
    """Return how many ranks cost no penalty: half the binary logarithm of the classes, 1 at least."""
    return max(1, round(np.log2(n_classes) / 2))


def lac_scores(energy: np.ndarray, logits: np.ndarray) -> np.ndarray:
    """Return -log(probability) of logits (n, k), any of the classes, without a softmax.

    Parameters
    ----------
    energy : float64 array (n,)
        Minus the log-sum-exp of all logits of each item.
    logits : float array (n, k)
    """
    return -energy[:, None] - logits


ADAPTIVE: dict[str, SetScore] = {"aps": aps, "raps": raps}
METHODS = ("lac", *ADAPTIVE)
"""What ``predict --set-method`` takes."""

"""A linear head at the very minimum of its loss: L2-regularised softmax regression on fixed features.

Newton's method with the exact Hessian and a backtracking line search (Nocedal & Wright, "Numerical
Optimization", 2006, algorithm 3.1 and section 3.3). Influence functions hold at a minimum, where heads that
were trained for some epochs are not.
"""

from dataclasses import dataclass

import numpy as np
from scipy.special import log_softmax, softmax

from finetrust.trust.interpretability.examples.softmax_curvature import inverse_curvature

_STEPS = 100
_HALVINGS = 30
_LARGEST_SLOPE = 1e-9


@dataclass(frozen=True, eq=False)
class SoftmaxHead:
    """A fitted head.

    Parameters
    ----------
    weights : float64 array (d, classes)
    bias : float64 array (classes,)
    l2 : float
        The penalty that it was fitted with.
    """

    weights: np.ndarray
    bias: np.ndarray
    l2: float

    def losses(self, features: np.ndarray, labels: np.ndarray) -> np.ndarray:
        """Return the cross-entropy of each item: float64 array (n,)."""
        return _losses(features @ self.weights + self.bias, labels)


def fit_softmax_head(
    features: np.ndarray, labels: np.ndarray, n_classes: int, l2: float
) -> SoftmaxHead:
    """Minimise the mean cross-entropy plus ``l2 / 2`` times the sum of the squared weights.

    The intercepts are not penalised. The search starts at the frequencies of the classes and ends where
    no slope exceeds 1e-9, which leaves a class without items a finite intercept.

    Parameters
    ----------
    features : float array (n, d)
        Finite; n is at least 1. Scale them first: the penalty is in their units.
    labels : int array (n,)
        0 to classes - 1.
    n_classes : int
    l2 : float
        Positive.
    """
    n, d = features.shape
    weights = np.zeros((d + 1, n_classes))
    weights[-1] = np.log((np.bincount(labels, minlength=n_classes) + 0.5) / n)
    penalty = np.full((d + 1, 1), l2)
    penalty[-1] = 0

    def objective(at: np.ndarray) -> float:
        loss = _losses(features @ at[:-1] + at[-1], labels).mean()
        return float(loss + 0.5 * (penalty * np.square(at)).sum())

    value = objective(weights)
    for _ in range(_STEPS):
        probabilities = softmax(features @ weights[:-1] + weights[-1], axis=1)
        residuals = probabilities.copy()
        residuals[np.arange(n), labels] -= 1
        slope = penalty * weights
        slope[:-1] += features.T @ residuals / n
        slope[-1] += residuals.mean(axis=0)
        if np.abs(slope).max() <= _LARGEST_SLOPE:
            break
        step = inverse_curvature(features, probabilities, l2)(slope[None])[0]
        fall, length = float((slope * step).sum()), 1.0
        rounding = 1e-14 * (1 + abs(value))
        for _ in range(_HALVINGS):
            reached = objective(weights - length * step)
            if reached <= value - 1e-4 * length * fall + rounding:
                break
            length /= 2
        weights, value = weights - length * step, reached
    return SoftmaxHead(weights[:-1], weights[-1], l2)


def _losses(logits: np.ndarray, labels: np.ndarray) -> np.ndarray:
    return -log_softmax(logits, axis=1)[np.arange(len(labels)), labels]

"""Gradients of the loss of single items by the weights of a linear head, kept as their two factors.

By the weights of a linear layer the gradient of an item's loss is the outer product of the item's features
and the gradient by its logits; of cross-entropy the latter are the residuals, probabilities minus the
label as a one-hot vector.
"""

from dataclasses import dataclass

import numpy as np
from scipy.special import softmax


@dataclass(frozen=True, eq=False)
class HeadGradients:
    """The gradients of n items.

    Parameters
    ----------
    features : float array (n, d)
    residuals : float64 array (n, classes)
    intercept : bool
        Whether the head has a bias: the features then have a 1 as one more number.
    """

    features: np.ndarray
    residuals: np.ndarray
    intercept: bool = True

    def products(self, others: "HeadGradients") -> np.ndarray:
        """Return the inner product of every gradient with every other: float64 array (m, n)."""
        between = (self.features @ others.features.T).astype(np.float64) + float(self.intercept)
        return between * (self.residuals @ others.residuals.T)

    def squared_lengths(self) -> np.ndarray:
        """Return the inner product of every gradient with itself: float64 array (n,)."""
        features = np.einsum("nd,nd->n", self.features, self.features, dtype=np.float64)
        return (features + float(self.intercept)) * np.square(self.residuals).sum(axis=1)


def head_gradients(
    features: np.ndarray, labels: np.ndarray, weights: np.ndarray, bias: np.ndarray | None
) -> HeadGradients:
    """Return the gradients of the cross-entropy of items by a linear head.

    Parameters
    ----------
    features : float array (n, d)
    labels : int array (n,)
    weights : float array (d, classes)
    bias : float array (classes,) or None
    """
    logits = (features @ weights).astype(np.float64)
    residuals = softmax(logits if bias is None else logits + bias, axis=1)
    residuals[np.arange(len(labels)), labels] -= 1
    return HeadGradients(features, residuals, bias is not None)

"""Influence functions of a linear head: how a loss changes if a training item is left out.

Koh & Liang, "Understanding Black-box Predictions via Influence Functions", ICML 2017, eq. 2, with the exact
Hessian of L2-regularised softmax regression. It is exact to first order in 1 / n; the features are
taken as given, so that what an item did to the backbone is not counted.
"""

import numpy as np

from finetrust.core.errors import NotApplicable
from finetrust.trust.interpretability.examples.head_gradients import HeadGradients, head_gradients
from finetrust.trust.interpretability.examples.softmax_curvature import (
    MOST_EXACT,
    inverse_curvature,
    is_exact,
)
from finetrust.trust.interpretability.examples.softmax_head import SoftmaxHead

_NUMBERS_AT_ONCE = 1 << 23


def influence(
    head: SoftmaxHead,
    features: np.ndarray,
    labels: np.ndarray,
    asked: np.ndarray,
    asked_labels: np.ndarray,
) -> np.ndarray:
    """Return by how much the loss of each asked item rises if a training item is left out.

    Solved by Cholesky for heads of up to ``MOST_EXACT`` weights and by conjugate gradients for larger
    ones (:func:`finetrust.trust.interpretability.examples.softmax_curvature.inverse_curvature`).

    Parameters
    ----------
    head : SoftmaxHead
        Fitted to the training items.
    features : float array (n, d)
        Of the training items.
    labels : int array (n,)
    asked : float array (m, d)
        Features of the items whose loss is asked about.
    asked_labels : int array (m,)

    Returns
    -------
    float64 array (m, n)
        In units of the loss (nats); positive where the training item helps.
    """
    training = head_gradients(features, labels, head.weights, head.bias)
    ours = head_gradients(asked, asked_labels, head.weights, head.bias)
    divided = inverse_curvature(features, _probabilities(training, labels), head.l2)
    found = np.empty((len(asked), len(features)))
    at_once = max(1, _NUMBERS_AT_ONCE // max(head.weights.size, len(features) * len(head.bias)))
    for start in range(0, len(asked), at_once):
        rows = slice(start, start + at_once)
        directions = divided(_written_out(ours, rows))
        for row, direction in enumerate(directions, start):
            slopes = features @ direction[:-1] + direction[-1]
            found[row] = np.einsum("nc,nc->n", slopes, training.residuals)
    return found / len(features)


def self_influence(head: SoftmaxHead, features: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """Return by how much the loss of each training item rises if it is left out itself.

    Items with wrong labels are among the highest (section 5.4 of the paper).

    Parameters
    ----------
    head : SoftmaxHead
        Fitted to the items.
    features : float array (n, d)
    labels : int array (n,)

    Returns
    -------
    float64 array (n,)
        In units of the loss (nats); not negative.

    Raises
    ------
    NotApplicable
        If the head has more than ``MOST_EXACT`` weights: conjugate gradients would have to be run for
        every single item. TracIn's is in closed form for any size.
    """
    if not is_exact(*head.weights.shape):
        raise NotApplicable(
            f"a head of {head.weights.size + head.bias.size:,} weights is too large to divide by its "
            f"curvature for every training item (at most {MOST_EXACT:,})"
        )
    training = head_gradients(features, labels, head.weights, head.bias)
    divided = inverse_curvature(features, _probabilities(training, labels), head.l2)
    found = np.empty(len(features))
    at_once = max(1, _NUMBERS_AT_ONCE // (head.weights.size + head.bias.size))
    for start in range(0, len(features), at_once):
        rows = slice(start, start + at_once)
        gradients = _written_out(training, rows)
        found[rows] = np.einsum("kdc,kdc->k", gradients, divided(gradients))
    return found / len(features)


def _probabilities(gradients: HeadGradients, labels: np.ndarray) -> np.ndarray:
    found = gradients.residuals.copy()
    found[np.arange(len(labels)), labels] += 1
    return found


def _written_out(gradients: HeadGradients, rows: slice) -> np.ndarray:
    """Return the gradients themselves: float64 array (k, d + 1, classes), the intercepts last."""
    features = gradients.features[rows].astype(np.float64)
    inputs = np.column_stack([features, np.ones(len(features))])
    return inputs[:, :, None] * gradients.residuals[rows, None, :]

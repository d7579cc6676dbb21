"""The Hessian of the loss of L2-regularised softmax regression, and division by it.

The loss is the mean cross-entropy plus ``l2 / 2`` times the sum of the squared weights; the intercepts are
not penalised. Its Hessian is the mean of ``(diag(p) - p p^T) (x) x x^T`` plus ``l2`` (Bohning, "Multinomial
logistic regression algorithm", Annals of the Institute of Statistical Mathematics 44, 1992, eq. 2.8). It
is exact. Adding the same number to all intercepts changes no probability; this one direction, to which
all gradients are orthogonal, is given the curvature 1, so that there is an inverse.
"""

from collections.abc import Callable, Iterator
from functools import partial

import numpy as np
from scipy.linalg import cho_factor, cho_solve

MOST_EXACT = 6000
"""Up to so many weights the Hessian is written out (275 MiB) and factorised; beyond, equations with it
are solved by conjugate gradients, which need products with it alone."""

_NUMBERS_AT_ONCE = 1 << 22
_RELATIVE_ERROR = 1e-10
_MOST_STEPS = 1000


def inverse_curvature(
    features: np.ndarray, probabilities: np.ndarray, l2: float
) -> Callable[[np.ndarray], np.ndarray]:
    """Return the function that multiplies vectors by the inverse of the Hessian.

    By Cholesky where there are at most ``MOST_EXACT`` weights, and by conjugate gradients with the
    diagonal as preconditioner, to a relative residual of 1e-10, where there are more.

    Parameters
    ----------
    features : float array (n, d)
    probabilities : float64 array (n, classes)
        At the weights at which the Hessian is asked for.
    l2 : float
        Positive.

    Returns
    -------
    callable
        From float64 array (k, d + 1, classes), the intercepts last, to one of the same shape.
    """
    if is_exact(features.shape[1], probabilities.shape[1]):
        factor = cho_factor(hessian(features, probabilities, l2), lower=True, overwrite_a=True)
        return partial(_by_factor, factor)
    return partial(_by_conjugate_gradients, features, probabilities, l2)


def is_exact(n_features: int, n_classes: int) -> bool:
    """Whether the Hessian of a head of this size is written out and factorised."""
    return (n_features + 1) * n_classes <= MOST_EXACT


def hessian(features: np.ndarray, probabilities: np.ndarray, l2: float) -> np.ndarray:
    """Return the Hessian: float64 array (w, w) of the w = (d + 1) classes weights.

    The weights are in the order of a flattened array (d + 1, classes).

    Parameters
    ----------
    features : float array (n, d)
    probabilities : float64 array (n, classes)
    l2 : float
    """
    n, d = features.shape
    classes = probabilities.shape[1]
    found = np.zeros((d + 1, classes, d + 1, classes))
    for inputs, p in _blocks(features, probabilities):
        for one in range(classes):
            for two in range(one + 1):
                weight = p[:, one] * (float(one == two) - p[:, two])
                part = (inputs * weight[:, None]).T @ inputs / n
                found[:, one, :, two] += part
                if one != two:
                    found[:, two, :, one] += part
    weights, intercepts = np.arange(d), np.arange(classes)
    found[weights[:, None], intercepts, weights[:, None], intercepts] += l2
    found[-1, :, -1, :] += 1 / classes
    return found.reshape((d + 1) * classes, -1)


def curvature_times(
    features: np.ndarray, probabilities: np.ndarray, l2: float, vectors: np.ndarray
) -> np.ndarray:
    """Return the products of the Hessian with vectors: float64 array (k, d + 1, classes).

    Parameters
    ----------
    features : float array (n, d)
    probabilities : float64 array (n, classes)
    l2 : float
    vectors : float64 array (k, d + 1, classes)
    """
    k, rows, classes = vectors.shape
    found = l2 * vectors
    found[:, -1] = vectors[:, -1].mean(axis=1, keepdims=True)
    flat = np.moveaxis(vectors, 0, 1).reshape(rows, -1)
    total = np.zeros((rows, k * classes))
    for inputs, p in _blocks(features, probabilities, k):
        slopes = (inputs @ flat).reshape(len(inputs), k, classes)
        weighted = p[:, None] * slopes
        weighted -= p[:, None] * weighted.sum(axis=2, keepdims=True)
        total += inputs.T @ weighted.reshape(len(inputs), -1)
    return found + np.moveaxis(total.reshape(rows, k, classes), 1, 0) / len(features)


def _blocks(
    features: np.ndarray, probabilities: np.ndarray, vectors: int = 1
) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Yield the features with a 1 as their last number, and the probabilities, some items at once."""
    wide = max(features.shape[1] + 1, vectors * probabilities.shape[1])
    at_once = max(1, _NUMBERS_AT_ONCE // wide)
    for start in range(0, len(features), at_once):
        some = features[start : start + at_once].astype(np.float64)
        yield np.column_stack([some, np.ones(len(some))]), probabilities[start : start + at_once]


def _by_factor(factor: tuple[np.ndarray, bool], vectors: np.ndarray) -> np.ndarray:
    return cho_solve(factor, vectors.reshape(len(vectors), -1).T).T.reshape(vectors.shape)


def _by_conjugate_gradients(
    features: np.ndarray, probabilities: np.ndarray, l2: float, vectors: np.ndarray
) -> np.ndarray:
    """Solve for all vectors side by side (Shewchuk 1994, section B3)."""
    diagonal = _diagonal(features, probabilities, l2)
    found = np.zeros_like(vectors)
    left = vectors.copy()
    scaled = left / diagonal
    direction = scaled.copy()
    product = _dots(left, scaled)
    enough = _RELATIVE_ERROR**2 * _dots(vectors, vectors)
    for _ in range(_MOST_STEPS):
        going = _dots(left, left) > enough
        if not going.any():
            break
        curved = curvature_times(features, probabilities, l2, direction)
        step = np.divide(product, _dots(direction, curved), out=np.zeros_like(product), where=going)
        found += step[:, None, None] * direction
        left -= step[:, None, None] * curved
        scaled = left / diagonal
        next_product = _dots(left, scaled)
        ratio = np.divide(next_product, product, out=np.zeros_like(product), where=going)
        direction = scaled + ratio[:, None, None] * direction
        product = next_product
    return found


def _diagonal(features: np.ndarray, probabilities: np.ndarray, l2: float) -> np.ndarray:
    found = np.full((features.shape[1] + 1, probabilities.shape[1]), l2)
    found[-1] = 1 / probabilities.shape[1]
    for inputs, p in _blocks(features, probabilities):
        found += np.square(inputs).T @ (p * (1 - p)) / len(features)
    return found


def _dots(one: np.ndarray, two: np.ndarray) -> np.ndarray:
    return np.einsum("kdc,kdc->k", one, two)

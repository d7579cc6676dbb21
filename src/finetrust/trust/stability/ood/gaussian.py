"""Gaussians of features: class means, a covariance that can be inverted, distances in its terms.

The covariance is shrunk towards a multiple of the identity by as much as minimises its expected error
(Ledoit & Wolf, "A well-conditioned estimator for large-dimensional covariance matrices", Journal of
Multivariate Analysis 88, 2004): with few items of many features the plain one cannot be inverted, and
with many items the two are the same.
"""

import numpy as np
from sklearn.covariance import ledoit_wolf

from finetrust.core.errors import NotApplicable
from finetrust.trust.stability.ood.score import WIDEST


def class_means(features: np.ndarray, classes: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the mean of each class that has items, and which of them each item's is.

    Parameters
    ----------
    features : float array (n, d)
    classes : int array (n,)

    Returns
    -------
    means : float32 array (classes with items, d)
    of_each : int64 array (n,)
    """
    found, of_each = np.unique(classes, return_inverse=True)
    means = [features[of_each == row].mean(axis=0, dtype=np.float64) for row in range(len(found))]
    return np.stack(means).astype(np.float32), of_each


def whitening(centred: np.ndarray) -> np.ndarray:
    """Return what makes centred features uncorrelated and of variance 1.

    Parameters
    ----------
    centred : float array (n, d)

    Returns
    -------
    float32 array (d, d)
        ``centred @ whitening`` has the identity as its (shrunk) covariance.

    Raises
    ------
    NotApplicable
        If there are too few items, features are too wide, or all items are alike.
    """
    n, d = centred.shape
    if d > WIDEST:
        raise NotApplicable(f"features of {d} numbers are too wide for a covariance matrix")
    if n < 2:
        raise NotApplicable("the features of one item have no covariance")
    covariance, _ = ledoit_wolf(centred.astype(np.float64), assume_centered=True)
    variances, directions = np.linalg.eigh(covariance)
    if variances[-1] <= 0:
        raise NotApplicable("the features of all known items are alike")
    floor = variances[-1] * d * np.finfo(np.float32).eps
    return (directions / np.sqrt(np.maximum(variances, floor))).astype(np.float32)


def squared_distances(features: np.ndarray, means: np.ndarray, whitening: np.ndarray) -> np.ndarray:
    """Return the squared Mahalanobis distance of items to means: float64 array (n, k).

    Parameters
    ----------
    features : float array (n, d)
    means : float array (k, d)
    whitening : float array (d, d)
    """
    transform = whitening.astype(np.float64)
    items = (features.astype(np.float64) - means[0]) @ transform
    centres = (means.astype(np.float64) - means[0]) @ transform
    lengths = (items**2).sum(axis=1)[:, None] + (centres**2).sum(axis=1)
    return np.maximum(lengths - 2 * items @ centres.T, 0)

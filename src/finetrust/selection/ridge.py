"""Ridge regression whose penalty is chosen by leaving out each item (Golub, Heath & Wahba 1979).

Hastie, Tibshirani & Friedman, "The Elements of Statistical Learning", 2009, eq. 3.47 and 7.64.
"""

import numpy as np

from finetrust.selection.scores.linear_probe import PENALTIES

LEAST = 1e-12
"""Share of the greatest squared singular value below which one is taken for rounding error."""


def out_of_fold_numbers(features: np.ndarray, targets: np.ndarray, folds: np.ndarray) -> np.ndarray:
    """Return for each item the numbers that a ridge regression fitted to the other folds predicts.

    Parameters
    ----------
    features : float32 array (n, d)
    targets : float64 array (n, t)
    folds : int array (n,)

    Returns
    -------
    float64 array (n, t)
    """
    found = np.empty(targets.shape)
    for fold in np.unique(folds):
        here = folds == fold
        weights, intercept = fit_ridge(features[~here], targets[~here])
        found[here] = features[here].astype(np.float64) @ weights + intercept
    return found


def fit_ridge(features: np.ndarray, targets: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the weights and intercepts with the least squared error on items left out.

    Parameters
    ----------
    features : float array (n, d)
    targets : float64 array (n, t)

    Returns
    -------
    float64 array (d, t), float64 array (t,)
        Weights of 0 where the features do not vary.
    """
    n, d = features.shape
    centre, mean = features.mean(axis=0, dtype=np.float64), targets.mean(axis=0)
    inputs, wanted = features.astype(np.float64) - centre, targets - mean
    values, vectors = np.linalg.eigh(inputs @ inputs.T if n <= d else inputs.T @ inputs)
    kept = values > LEAST * max(values[-1], np.finfo(float).tiny)
    values, vectors = values[kept], vectors[:, kept]
    if not len(values):
        return np.zeros((d, targets.shape[1])), mean
    roots = np.sqrt(values)
    left = vectors if n <= d else inputs @ vectors / roots
    right = inputs.T @ vectors / roots if n <= d else vectors
    along, squares = left.T @ wanted, left**2
    best, least = along, np.inf
    for penalty in PENALTIES * values[-1]:
        shrunk = values / (values + penalty)
        leverage = np.minimum(1 / n + squares @ shrunk, 1 - LEAST)
        rest = (wanted - left @ (shrunk[:, None] * along)) / (1 - leverage)[:, None]
        error = float((rest**2).sum())
        if error < least:
            best, least = (roots / (values + penalty))[:, None] * along, error
    weights = right @ best
    return weights, mean - centre @ weights

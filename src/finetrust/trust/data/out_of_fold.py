"""Out-of-fold probabilities: what a plain classifier says of labels that it was not trained on.

Multinomial logistic regression on features, fitted once for each fold to the others (Stone,
"Cross-validatory choice and assessment of statistical predictions", JRSS B 36, 1974). It stops after
few steps: with 5 % of the labels of handwritten digits changed, 15 steps rank these (average precision
0.970) and count them (5.1 %) as well as 200 do (0.969 and 5.2 %).
"""

from collections.abc import Sequence

import numpy as np
from scipy.optimize import minimize

FOLDS = 5
STRENGTH = 3.0
ITERATIONS = 15
MOST_ROTATED = 1024


def folds_of(originals: Sequence[str], labels: np.ndarray, seed: int) -> np.ndarray:
    """Deal items out to folds, class by class; those that are copies of one another together.

    Parameters
    ----------
    originals : sequence of str (n,)
        What stands for an item and all its copies.
    labels : int array (n,)
    seed : int

    Returns
    -------
    int64 array (n,)
        0 to ``FOLDS`` - 1.
    """
    _, first, group = np.unique(np.asarray(originals), return_index=True, return_inverse=True)
    order = np.random.default_rng(seed).permutation(len(first))
    order = order[np.argsort(labels[first][order], kind="stable")]
    fold = np.empty(len(first), np.int64)
    fold[order] = np.arange(len(first)) % FOLDS
    return fold[group]


def has_label_elsewhere(labels: np.ndarray, folds: np.ndarray) -> np.ndarray:
    """Return for each item whether another fold holds its label too: bool array (n,).

    If none does, the classifier that judges the item has never met its class, and contradicts a label
    that may well be right.

    Parameters
    ----------
    labels, folds : int array (n,)
    """
    counts = np.zeros((labels.max(initial=0) + 1, folds.max(initial=0) + 1), np.int64)
    np.add.at(counts, (labels, folds), 1)
    return counts[labels].sum(axis=1) > counts[labels, folds]


def out_of_fold_log_probabilities(
    features: np.ndarray, labels: np.ndarray, folds: np.ndarray, n_classes: int
) -> np.ndarray:
    """Return for each item the log-probabilities by a classifier fitted to the other folds.

    Parameters
    ----------
    features : float32 array (n, d)
    labels : int array (n,)
    folds : int array (n,)
    n_classes : int

    Returns
    -------
    float32 array (n, classes)
    """
    inputs, penalty = _conditioned(features, n_classes)
    found = np.empty((len(labels), n_classes), np.float32)
    for fold in np.unique(folds):
        here = folds == fold
        weights = fit_logistic(inputs[~here], labels[~here], n_classes, penalty)
        found[here] = _log_softmax(inputs[here] @ weights[:-1] + weights[-1])
    return found


def fit_logistic(
    inputs: np.ndarray,
    labels: np.ndarray,
    n_classes: int,
    penalty: np.ndarray,
    iterations: int = ITERATIONS,
) -> np.ndarray:
    """Minimise the negative log-likelihood plus half of ``sum(penalty * weights ** 2)``, by L-BFGS.

    Parameters
    ----------
    inputs : float32 array (n, d)
    labels : int array (n,)
    n_classes : int
    penalty : float array (d,)
        The intercept has none.
    iterations : int
        At most.

    Returns
    -------
    float32 array (d + 1, classes)
        The intercepts last.
    """
    n, d = inputs.shape
    row = np.arange(n)
    cost = penalty[:, None].astype(np.float32)
    start = np.zeros((d + 1, n_classes))
    start[-1] = np.log((np.bincount(labels, minlength=n_classes) + 0.5) / n)

    def objective(flat: np.ndarray) -> tuple[float, np.ndarray]:
        weights = flat.reshape(d + 1, n_classes).astype(np.float32)
        log_p = _log_softmax(inputs @ weights[:-1] + weights[-1])
        loss = -log_p[row, labels].sum(dtype=np.float64)
        residual = np.exp(log_p, out=log_p)
        residual[row, labels] -= 1
        slope = np.empty_like(weights)
        shrunk = cost * weights[:-1]
        np.matmul(inputs.T, residual, out=slope[:-1])
        slope[:-1] += shrunk
        slope[-1] = residual.sum(axis=0)
        loss += 0.5 * (shrunk * weights[:-1]).sum(dtype=np.float64)
        return float(loss) / n, slope.ravel().astype(np.float64) / n

    found = minimize(
        objective, start.ravel(), jac=True, method="L-BFGS-B", options={"maxiter": iterations}
    )
    return found.x.reshape(d + 1, n_classes).astype(np.float32)


def _conditioned(features: np.ndarray, n_classes: int) -> tuple[np.ndarray, np.ndarray]:
    """Return inputs for which L-BFGS needs few steps, and the penalty that a weight on each costs.

    The features are standardised; their penalty is that of ``STRENGTH`` on features whose squares
    sum to 1. They are then turned into their principal components (beyond ``MOST_ROTATED`` features
    and as many items they stay as they are), each scaled by the curvature that the loss has along it.
    """
    n, d = features.shape
    spread = features.std(axis=0)
    inputs = (features - features.mean(axis=0)) / np.where(spread > 0, spread, 1)
    inputs /= np.float32(np.sqrt(d))
    if n < d:
        rotated, singular, _ = np.linalg.svd(inputs, full_matrices=False)
        inputs, variances = rotated * singular, np.square(singular) / n
    elif d <= MOST_ROTATED:
        variances, components = np.linalg.eigh(inputs.T @ inputs / n)
        inputs = inputs @ components
    else:
        variances = np.square(inputs).mean(axis=0)
    scale = 1 / np.sqrt(np.maximum(variances, 0) * n / n_classes + 1 / STRENGTH)
    return inputs * scale.astype(np.float32), scale**2 / STRENGTH


def _log_softmax(logits: np.ndarray) -> np.ndarray:
    logits -= logits.max(axis=1, keepdims=True)
    logits -= np.log(np.exp(logits).sum(axis=1, keepdims=True))
    return logits

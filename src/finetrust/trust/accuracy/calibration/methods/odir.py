"""Linear maps of scores with off-diagonal and intercept regularisation (ODIR).

Kull et al., "Beyond temperature scaling: Obtaining well-calibrated multi-class probabilities with
Dirichlet calibration", NeurIPS 2019, section 4.
"""

import numpy as np

from finetrust.trust.accuracy.calibration.methods.multinomial import minimised, nll_and_residuals
from finetrust.trust.accuracy.calibration.temperature import fit_temperature

PENALTIES = (1000.0, 100.0, 10.0, 1.0, 0.1, 0.01)
HELD_OUT = 4


def fit_linear(scores: np.ndarray, targets: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return W and b that minimise the NLL of ``softmax(W x + b)`` with the penalty that fits best.

    Every fourth item, in a random order, is held out to choose the penalty: from the largest one
    down, each fit starting at the one before, until the NLL of the items held out rises. Then all
    items are fitted. Where no penalty makes the items held out likelier than the temperature does,
    that is all that is fitted.

    Parameters
    ----------
    scores : float array (n, classes)
        Finite.
    targets : int array (n,)

    Returns
    -------
    weights : float64 array (classes, classes)
    intercepts : float64 array (classes,)
    """
    classes = scores.shape[1]
    temperature = fit_temperature(scores, targets)
    scaled = scores.astype(np.float64) / temperature
    start = np.concatenate([np.eye(classes).ravel(), np.zeros(classes)])
    fold = np.random.default_rng(0).permutation(len(targets)) % HELD_OUT
    held, seen = fold == 0, fold != 0
    penalty: float | None = None
    parameters = start
    if held.any() and seen.any():
        least, last = _nll(start, scaled[held], targets[held]), np.inf
        for smaller in PENALTIES:
            parameters = odir_fit(scaled[seen], targets[seen], smaller, parameters)
            nll = _nll(parameters, scaled[held], targets[held])
            if nll >= last:
                break
            last = nll
            if nll < least:
                penalty, least, start = smaller, nll, parameters
    if penalty is not None:
        start = odir_fit(scaled, targets, penalty, start)
    weights, intercepts = _split(start, classes)
    return weights / temperature, intercepts


def odir_fit(
    scores: np.ndarray, targets: np.ndarray, penalty: float, start: np.ndarray
) -> np.ndarray:
    """Return W, row by row, and b that minimise the NLL plus the ODIR penalty.

    The penalty is ``penalty * (mean of the squared off-diagonal weights + mean of the squared
    intercepts)`` (Kull et al. 2019, section 4, with one factor for both). The weights on the
    diagonal have the prior of vector scaling, ``sum((w_ii - 1)^2) / (2 n)``: without it items that are
    all right would ask for infinite ones.

    Parameters
    ----------
    scores : float64 array (n, classes)
    targets : int array (n,)
    penalty : float
    start : float64 array (classes * classes + classes,)

    Returns
    -------
    float64 array (classes * classes + classes,)
    """
    n, classes = scores.shape
    pairs = max(1, classes * (classes - 1))
    scale = _scale(scores, penalty)

    def loss(scaled: np.ndarray) -> tuple[float, np.ndarray]:
        weights, intercepts = _split(scaled * scale, classes)
        nll, residuals = nll_and_residuals(scores @ weights.T + intercepts, targets)
        away = np.diag(weights) - 1
        off = weights - np.diag(np.diag(weights))
        by_weights = residuals.T @ scores + 2 * penalty / pairs * off + np.diag(away) / n
        by_intercepts = residuals.sum(axis=0) + 2 * penalty / classes * intercepts
        value = nll + penalty * ((off**2).sum() / pairs + intercepts @ intercepts / classes)
        value += away @ away / (2 * n)
        return value, np.concatenate([by_weights.ravel(), by_intercepts]) * scale

    return minimised(loss, start / scale) * scale


def _scale(scores: np.ndarray, penalty: float) -> np.ndarray:
    """Return about the inverse root of the loss's curvature by each parameter: fewer steps."""
    classes = scores.shape[1]
    by_scores = max(float(np.mean(np.minimum(np.abs(scores), 1e50) ** 2)), 1e-12) / classes
    weights = np.full((classes, classes), by_scores + 2 * penalty / max(1, classes * (classes - 1)))
    np.fill_diagonal(weights, by_scores)
    intercepts = np.full(classes, (1 + 2 * penalty) / classes)
    return 1 / np.sqrt(np.concatenate([weights.ravel(), intercepts]))


def _nll(parameters: np.ndarray, scores: np.ndarray, targets: np.ndarray) -> float:
    weights, intercepts = _split(parameters, scores.shape[1])
    return nll_and_residuals(scores @ weights.T + intercepts, targets)[0]


def _split(parameters: np.ndarray, classes: int) -> tuple[np.ndarray, np.ndarray]:
    return parameters[: classes**2].reshape(classes, classes), parameters[classes**2 :]

"""Multinomial logistic regression by L-BFGS: what vector, matrix and Dirichlet calibration fit."""

from collections.abc import Callable

import numpy as np
from scipy.optimize import minimize

from finetrust.trust.accuracy.probabilities import SMALLEST_LOG

MOST_STEPS = 200

Penalised = Callable[[np.ndarray], tuple[float, np.ndarray]]
"""From parameters (p,) to the loss and its gradient (p,)."""


def nll_and_residuals(scores: np.ndarray, targets: np.ndarray) -> tuple[float, np.ndarray]:
    """Return the mean NLL of ``softmax(scores)`` and its gradient by the scores.

    Parameters
    ----------
    scores : float64 array (n, classes)
    targets : int array (n,)

    Returns
    -------
    nll : float
    gradient : float64 array (n, classes)
        (probability - truth) / n.
    """
    n = len(targets)
    item = np.arange(n)
    shifted = np.maximum(scores - scores.max(axis=1, keepdims=True), SMALLEST_LOG)
    of_target = shifted[item, targets]
    p = np.exp(shifted, out=shifted)
    total = p.sum(axis=1)
    nll = float(np.mean(np.log(total) - of_target))
    p /= total[:, None] * n
    p[item, targets] -= 1 / n
    return nll, p


def minimised(loss: Penalised, start: np.ndarray) -> np.ndarray:
    """Return the parameters (p,) at the minimum of a convex loss; `start` if nothing is better."""
    with np.errstate(over="ignore", invalid="ignore"):
        found = minimize(
            loss,
            start,
            jac=True,
            method="L-BFGS-B",
            options={"maxiter": MOST_STEPS, "ftol": 1e-7, "gtol": 1e-6, "maxcor": 20},
        )
        better = np.isfinite(found.x).all() and found.fun <= loss(start)[0]
    return found.x if better else start

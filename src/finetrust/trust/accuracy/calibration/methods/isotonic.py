"""Isotonic regression of the probability of each class, normalised over the classes.

Zadrozny & Elkan, "Transforming classifier scores into accurate multiclass probability estimates",
KDD 2002, sections 4 and 5.
"""

from collections.abc import Mapping
from typing import Any

import numpy as np
from scipy.optimize import isotonic_regression

from finetrust.trust.accuracy.calibration.methods.method import Method, methods
from finetrust.trust.accuracy.calibration.methods.one_vs_rest import (
    log_normalised,
    smoothed_shares,
)
from finetrust.trust.accuracy.probabilities import log_softmax


def fit(logits: np.ndarray, targets: np.ndarray) -> dict[str, Any]:
    """Return, for each class, the points of a rising line from its probability to its frequency.

    Parameters
    ----------
    logits : float array (n, classes)
        Finite.
    targets : int array (n,)
    """
    p = np.exp(log_softmax(logits))
    shares = smoothed_shares(targets, p.shape[1])
    lines = [isotonic_line(p[:, c], targets == c, float(shares[c])) for c in range(p.shape[1])]
    return {"x": [x.tolist() for x, _ in lines], "y": [y.tolist() for _, y in lines]}


def apply(logits: np.ndarray, parameters: Mapping[str, Any]) -> np.ndarray:
    """Return the logarithm of the normalised values of the lines: float64 array (n, classes)."""
    p = np.exp(log_softmax(logits))
    lines = zip(parameters["x"], parameters["y"], strict=True)
    for c, (x, y) in enumerate(lines):
        p[:, c] = np.interp(p[:, c], x, y)
    return log_normalised(p)


def isotonic_line(p: np.ndarray, hit: np.ndarray, share: float) -> tuple[np.ndarray, np.ndarray]:
    """Return the ends of the blocks of the isotonic regression of `hit` on `p`.

    An item at 0 and one at 1, both with the `share` of the class for their truth, keep the line off
    0 and 1, which no finite number of items can show.

    Parameters
    ----------
    p : float array (n,)
    hit : bool array (n,)
    share : float
        Above 0 and below 1.

    Returns
    -------
    x, y : float64 arrays (points,)
        Rising.
    """
    x, place = np.unique(np.concatenate([[0.0], p, [1.0]]), return_inverse=True)
    truth = np.concatenate([[share], hit, [share]])
    weights = np.bincount(place).astype(float)
    found = isotonic_regression(np.bincount(place, truth) / weights, weights=weights)
    first, last = found.blocks[:-1], found.blocks[1:] - 1
    ends = np.unique(np.concatenate([first, last]))
    return x[ends], found.x[ends]


methods.add("isotonic", Method(fit, apply, least=20))

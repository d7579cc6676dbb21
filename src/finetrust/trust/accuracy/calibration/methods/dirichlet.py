"""Dirichlet calibration: a linear map of the log-probabilities, regularised off its diagonal.

Kull et al., "Beyond temperature scaling: Obtaining well-calibrated multi-class probabilities with
Dirichlet calibration", NeurIPS 2019, eq. 3 and section 4.
"""

from collections.abc import Mapping
from typing import Any

import numpy as np

from finetrust.trust.accuracy.calibration.methods.method import Method, methods
from finetrust.trust.accuracy.calibration.methods.odir import fit_linear
from finetrust.trust.accuracy.probabilities import log_softmax

LEAST_LOG = -700.0
"""Smaller log-probabilities count as this one, about the smallest that float64 tells from none."""


def fit(logits: np.ndarray, targets: np.ndarray) -> dict[str, Any]:
    """Return weights and intercepts of ``softmax(W log p + b)``, with ``p = softmax(z)``.

    Parameters
    ----------
    logits : float array (n, classes)
        Finite.
    targets : int array (n,)
    """
    weights, intercepts = fit_linear(_log_p(logits), targets)
    return {"weights": weights.tolist(), "intercepts": intercepts.tolist()}


def apply(logits: np.ndarray, parameters: Mapping[str, Any]) -> np.ndarray:
    """Return the log-softmax of ``W log p + b``: float64 array (n, classes)."""
    weights, intercepts = np.array(parameters["weights"]), np.array(parameters["intercepts"])
    return log_softmax(_log_p(logits) @ weights.T + intercepts)


def _log_p(logits: np.ndarray) -> np.ndarray:
    return np.maximum(log_softmax(logits), LEAST_LOG)


methods.add("dirichlet", Method(fit, apply, least=10))

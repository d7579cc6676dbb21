"""Matrix scaling: a linear map of the logits, regularised off its diagonal.

Guo et al., "On Calibration of Modern Neural Networks", ICML 2017, section 4.2, with the ODIR penalty
of Kull et al., NeurIPS 2019.
"""

from collections.abc import Mapping
from typing import Any

import numpy as np

from finetrust.trust.accuracy.calibration.methods.method import Method, methods
from finetrust.trust.accuracy.calibration.methods.odir import fit_linear
from finetrust.trust.accuracy.probabilities import log_softmax


def fit(logits: np.ndarray, targets: np.ndarray) -> dict[str, Any]:
    """Return weights and intercepts of ``softmax(W z + b)``.

    Parameters
    ----------
    logits : float array (n, classes)
        Finite.
    targets : int array (n,)
    """
    weights, intercepts = fit_linear(logits, targets)
    return {"weights": weights.tolist(), "intercepts": intercepts.tolist()}


def apply(logits: np.ndarray, parameters: Mapping[str, Any]) -> np.ndarray:
    """Return the log-softmax of ``W logits + b``: float64 array (n, classes)."""
    weights, intercepts = np.array(parameters["weights"]), np.array(parameters["intercepts"])
    return log_softmax(logits.astype(np.float64) @ weights.T + intercepts)


methods.add("matrix", Method(fit, apply, least=10))

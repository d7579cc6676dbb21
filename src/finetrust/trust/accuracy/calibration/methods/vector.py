"""Vector scaling: a factor and an offset for the logit of every class.

Guo et al., "On Calibration of Modern Neural Networks", ICML 2017, section 4.2.
"""

from collections.abc import Mapping
from typing import Any

import numpy as np

from finetrust.trust.accuracy.calibration.methods.method import Method, methods
from finetrust.trust.accuracy.calibration.methods.multinomial import minimised, nll_and_residuals
from finetrust.trust.accuracy.calibration.temperature import fit_temperature
from finetrust.trust.accuracy.probabilities import log_softmax


def fit(logits: np.ndarray, targets: np.ndarray) -> dict[str, Any]:
    """Return factors w and offsets b that minimise the penalised NLL of ``softmax(w * z + b)``.

    The penalty, ``(sum((T w - 1)^2) + sum(b^2)) / (2 n)`` with the fitted temperature T, is that of
    a standard normal prior around temperature scaling: few items leave w and b where it puts them,
    and a class without items has a finite offset.

    Parameters
    ----------
    logits : float array (n, classes)
        Finite.
    targets : int array (n,)
    """
    n, classes = logits.shape
    temperature = fit_temperature(logits, targets)
    scaled = logits.astype(np.float64) / temperature

    def loss(parameters: np.ndarray) -> tuple[float, np.ndarray]:
        factors, offsets = parameters.reshape(2, classes)
        nll, residuals = nll_and_residuals(scaled * factors + offsets, targets)
        away = factors - 1
        gradient = np.concatenate(
            [
                np.einsum("ij,ij->j", residuals, scaled) + away / n,
                residuals.sum(axis=0) + offsets / n,
            ]
        )
        return nll + (away @ away + offsets @ offsets) / (2 * n), gradient

    start = np.concatenate([np.ones(classes), np.zeros(classes)])
    factors, offsets = minimised(loss, start).reshape(2, classes)
    return {"factors": (factors / temperature).tolist(), "offsets": offsets.tolist()}


def apply(logits: np.ndarray, parameters: Mapping[str, Any]) -> np.ndarray:
    """Return the log-softmax of ``w * logits + b``: float64 array (n, classes)."""
    factors, offsets = np.array(parameters["factors"]), np.array(parameters["offsets"])
    return log_softmax(logits.astype(np.float64) * factors + offsets)


methods.add("vector", Method(fit, apply, least=5))

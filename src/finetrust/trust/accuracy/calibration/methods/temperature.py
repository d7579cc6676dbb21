"""Temperature scaling: logits divided by one number (Guo et al. 2017, section 4.2)."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from finetrust.trust.accuracy.calibration.methods.method import TEMPERATURE, Method, methods
from finetrust.trust.accuracy.calibration.temperature import fit_temperature
from finetrust.trust.accuracy.probabilities import log_softmax


def fit(logits: np.ndarray, targets: np.ndarray) -> dict[str, Any]:
    """Return the temperature."""
    return {TEMPERATURE: fit_temperature(logits, targets)}


def apply(logits: np.ndarray, parameters: Mapping[str, Any]) -> np.ndarray:
    """Return the log-softmax of ``logits / T``: float64 array (n, classes)."""
    return log_softmax(logits, float(parameters[TEMPERATURE]))


methods.add(TEMPERATURE, Method(fit, apply))

"""A calibration method of classifiers: from logits to calibrated log-probabilities."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from finetrust.core.registry import Registry


@dataclass(frozen=True)
class Method:
    """One way to calibrate a classifier.

    Parameters
    ----------
    fit : callable
        From finite logits (n, classes) and int targets (n,) of validation data to parameters that
        are JSON values.
    apply : callable
        From finite logits (n, classes) and those parameters to log-probabilities, float64
        (n, classes).
    least : int
        How many validation items of the rarest class it takes.
    """

    fit: Callable[[np.ndarray, np.ndarray], dict[str, Any]]
    apply: Callable[[np.ndarray, Mapping[str, Any]], np.ndarray]
    least: int = 0


methods: Registry[Method] = Registry("calibration", "finetrust.trust.accuracy.calibration.methods")

TEMPERATURE = "temperature"
"""The method whose parameters stand in a calibration as they are, and which changes no answer."""


def method_of(calibration: Mapping[str, Any]) -> str | None:
    """Return the name of the method of a calibration, or None if it has none."""
    if "method" in calibration:
        return str(calibration["method"])
    return None if calibration.get(TEMPERATURE) is None else TEMPERATURE


def kept(name: str, parameters: dict[str, Any]) -> dict[str, Any]:
    """Return what a calibration keeps of a fit: JSON values."""
    return parameters if name == TEMPERATURE else {"method": name, "parameters": parameters}

"""From logits to decisions and probabilities, in float64 and stable at any magnitude.

An item for which the model returned NaN or an infinity has no answer. It counts as wrong wherever
answers are judged (accuracy, recall, F1), is left out where probabilities are judged (NLL, Brier,
ECE), because there is no probability to judge, and is counted and named by the measure
``non_finite_outputs``.
"""

from collections.abc import Mapping
from typing import Any

import numpy as np

from finetrust.core.errors import NotApplicable
from finetrust.core.evidence import Evidence
from finetrust.core.predictions import Predictions

NO_ANSWER = -1
# exp() is 0 long before this; it keeps infinities out of the arithmetic, cubes of it included.
SMALLEST_LOG = -1e100


def predicted_classes(predictions: Predictions) -> np.ndarray:
    """Return the class with the largest logit, the first of equal ones; ``NO_ANSWER`` without one.

    Returns
    -------
    int64 array (n,)
    """
    logits = predictions["logits"]
    return np.where(has_answer(logits), logits.argmax(axis=1), NO_ANSWER)


def is_right(predictions: Predictions) -> np.ndarray:
    """Return whether each predicted class is the target: bool array (n,)."""
    return predicted_classes(predictions) == predictions["target"]


def has_answer(logits: np.ndarray) -> np.ndarray:
    """Return for float logits (n, classes) which items have only finite ones: bool array (n,)."""
    return np.isfinite(logits).all(axis=1)


def answered_log_probabilities(
    evidence: Evidence, calibrated: bool = True
) -> tuple[np.ndarray, np.ndarray]:
    """Return log-probabilities and targets of the clean items that have an answer.

    Parameters
    ----------
    evidence : Evidence
    calibrated : bool
        Whether the logits are divided by the fitted temperature, if there is one.

    Returns
    -------
    log_probabilities : float64 array (m, classes)
    targets : int64 array (m,)

    Raises
    ------
    NotApplicable
        If no item has an answer.
    """
    answered = has_answer(evidence.clean["logits"])
    if not answered.any():
        raise NotApplicable("the model returned NaN or infinity for every item")
    temperature = temperature_of(evidence.calibration) if calibrated else None
    logits = evidence.clean["logits"][answered]
    return log_softmax(logits, temperature or 1.0), evidence.clean["target"][answered]


def calibrated(predictions: Predictions, calibration: Mapping[str, Any]) -> np.ndarray:
    """Return what ``predict`` shows of every item, in their order.

    Returns
    -------
    float64 array (n, classes)
        NaN for an item without an answer.
    """
    logits = predictions["logits"]
    answered = has_answer(logits)
    probabilities = np.full(logits.shape, np.nan)
    temperature = temperature_of(calibration) or 1.0
    probabilities[answered] = np.exp(log_softmax(logits[answered], temperature))
    return probabilities


def temperature_of(calibration: Mapping[str, Any]) -> float | None:
    """Return the fitted temperature, or None if none was fitted."""
    temperature = calibration.get("temperature")
    return None if temperature is None else float(temperature)


def log_softmax(logits: np.ndarray, temperature: float = 1.0) -> np.ndarray:
    """Return the log-softmax of ``logits / temperature``.

    Parameters
    ----------
    logits : float array (n, classes)
        Finite; of any magnitude.
    temperature : float

    Returns
    -------
    float64 array (n, classes)
    """
    logits = logits.astype(np.float64)
    with np.errstate(over="ignore"):
        shifted = (logits - logits.max(axis=1, keepdims=True)) / temperature
    shifted = np.maximum(shifted, SMALLEST_LOG)
    return shifted - np.log(np.exp(shifted).sum(axis=1, keepdims=True))

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
from finetrust.trust.accuracy.calibration.methods.method import TEMPERATURE, method_of, methods

NO_ANSWER = -1
# exp() is 0 long before this; it keeps infinities out of the arithmetic, cubes of it included.
SMALLEST_LOG = -1e100


def predicted_classes(
    predictions: Predictions, calibration: Mapping[str, Any] | None = None
) -> np.ndarray:
    """Return the most probable class, the first of equal ones; ``NO_ANSWER`` without one.

    Predictions without logits state it in the column ``predicted_class``.

    Parameters
    ----------
    predictions : Predictions
    calibration : mapping, optional
        What is applied to the outputs; only a calibration that can change answers matters here.

    Returns
    -------
    int64 array (n,)
    """
    if "logits" not in predictions:
        return predictions["predicted_class"]
    logits = predictions["logits"]
    answered = has_answer(logits)
    if keeps_answers(calibration or {}):
        return np.where(answered, logits.argmax(axis=1), NO_ANSWER)
    found = np.full(len(logits), NO_ANSWER)
    found[answered] = log_probabilities(logits[answered], calibration or {}).argmax(axis=1)
    return found


def is_right(predictions: Predictions, calibration: Mapping[str, Any] | None = None) -> np.ndarray:
    """Return whether each predicted class is the target: bool array (n,)."""
    return predicted_classes(predictions, calibration) == predictions["target"]


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
        Whether the fitted calibration is applied, if there is one.

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
    calibration = evidence.calibration if calibrated else {}
    logits = evidence.clean["logits"][answered]
    return log_probabilities(logits, calibration), evidence.clean["target"][answered]


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
    probabilities[answered] = np.exp(log_probabilities(logits[answered], calibration))
    return probabilities


def log_probabilities(logits: np.ndarray, calibration: Mapping[str, Any]) -> np.ndarray:
    """Return the log-probabilities that a calibration makes of logits.

    Parameters
    ----------
    logits : float array (n, classes)
        Finite.
    calibration : mapping
        What was fitted on validation data; empty for the model's own probabilities.

    Returns
    -------
    float64 array (n, classes)
    """
    if method_of(calibration) in (None, TEMPERATURE):
        return log_softmax(logits, temperature_of(calibration) or 1.0)
    return methods.get(str(method_of(calibration))).apply(logits, calibration["parameters"])


def keeps_answers(calibration: Mapping[str, Any]) -> bool:
    """Return whether the most probable class is that of the largest logit for every input.

    A temperature keeps the order of the classes; the other methods may change it.
    """
    return method_of(calibration) in (None, TEMPERATURE)


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
    shifted = logits.astype(np.float64)
    with np.errstate(over="ignore"):
        shifted -= shifted.max(axis=1, keepdims=True)
        shifted /= temperature
    np.maximum(shifted, SMALLEST_LOG, out=shifted)
    shifted -= np.log(np.exp(shifted).sum(axis=1, keepdims=True))
    return shifted

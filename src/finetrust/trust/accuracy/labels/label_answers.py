"""What the measures of labels read off predictions: decisions and probabilities.

An item for which the model returned NaN or an infinity has no label, and ranks behind all others.
"""

from collections.abc import Mapping
from typing import Any

import numpy as np
from scipy.special import expit

from finetrust.core.evidence import Evidence
from finetrust.core.predictions import Predictions

NEEDS = ("label_logits", "label_targets")
DEFAULT_THRESHOLD = 0.5


def threshold_of(calibration: Mapping[str, Any]) -> float:
    """Return the probability from which on an item has a label."""
    return float(calibration.get("label_threshold", DEFAULT_THRESHOLD))


def probabilities_of(predictions: Predictions) -> np.ndarray:
    """Return the probability of every label: float64 array (n, labels), NaN without an answer."""
    logits = predictions["label_logits"].astype(np.float64)
    return np.where(_answered(predictions)[:, None], expit(logits), np.nan)


def targets_of(predictions: Predictions) -> np.ndarray:
    """Return which labels every item has: bool array (n, labels)."""
    return predictions["label_targets"].astype(bool)


def decided(predictions: Predictions, calibration: Mapping[str, Any]) -> np.ndarray:
    """Return which labels the model gives to every item: bool array (n, labels)."""
    with np.errstate(invalid="ignore"):
        return probabilities_of(predictions) >= threshold_of(calibration)


def ranked(predictions: Predictions) -> np.ndarray:
    """Return scores that order labels and items: float64 array (n, labels), lowest without answer."""
    logits = predictions["label_logits"].astype(np.float64)
    lowest = np.min(logits, where=np.isfinite(logits), initial=0.0) - 1
    return np.where(_answered(predictions)[:, None], logits, lowest)


def label_names(evidence: Evidence) -> list[str]:
    """Return one name for each label: the evidence's, or ``"0"``, ``"1"``... without."""
    n_labels = evidence.clean["label_targets"].shape[1]
    return list(evidence.classes) or [str(i) for i in range(n_labels)]


def _answered(predictions: Predictions) -> np.ndarray:
    return np.isfinite(predictions["label_logits"]).all(axis=1)

"""Beta calibration of the scores of boxes: a score then says how often such boxes are right.

Kull, Silva Filho & Flach, "Beta calibration: a well-founded and easily implemented improvement on
logistic calibration for binary classifiers", AISTATS 2017; for detections Küppers et al.,
"Multivariate Confidence Calibration for Object Detection", CVPR Workshops 2020, section 4.
"""

from collections.abc import Mapping
from typing import Any

import numpy as np
from scipy.optimize import minimize
from scipy.special import expit

from finetrust.core.predictions import Predictions
from finetrust.trust.accuracy.calibration.calibrate import Calibrator, calibrators
from finetrust.trust.accuracy.detection.found import COLUMNS, Found
from finetrust.trust.accuracy.detection.matching import match

LEAST = 0.3
"""Score, before calibration, from which a box is told to a user, calibrated and judged."""

FEWEST = 20
"""Boxes it takes at the least."""

KEY = "score_beta"

_LEAST_SLOPE = 0.01
_SMALLEST = 1e-12


def fit_beta(scores: np.ndarray, right: np.ndarray) -> tuple[float, float, float]:
    """Return a, b and c that minimise the NLL of ``sigmoid(a ln s - b ln(1 - s) + c)``.

    ``a = b = 1, c = 0`` leaves scores as they are. The penalty ``((a - 1)^2 + (b - 1)^2 + c^2) /
    (2 n)`` keeps few boxes near that; a and b are above 0, so that the order of the scores, and with
    it the average precision, stays.

    Parameters
    ----------
    scores : float array (n,)
        In [0, 1].
    right : bool array (n,)

    Returns
    -------
    a, b, c : float
    """
    features = np.stack([*_logs(scores), np.ones(len(scores))], axis=1)
    sign = np.where(right, -1.0, 1.0)
    start = np.array([1.0, 1.0, 0.0])

    def loss(parameters: np.ndarray) -> tuple[float, np.ndarray]:
        margin = sign * (features @ parameters)
        away = parameters - start
        gradient = (sign * expit(margin)) @ features / len(sign) + away / len(sign)
        return np.logaddexp(0, margin).mean() + away @ away / (2 * len(sign)), gradient

    bounds = [(_LEAST_SLOPE, None), (_LEAST_SLOPE, None), (None, None)]
    found = minimize(loss, start, jac=True, method="L-BFGS-B", bounds=bounds)
    a, b, c = (float(value) for value in found.x)
    return a, b, c


def calibrated_scores(scores: np.ndarray, calibration: Mapping[str, Any]) -> np.ndarray:
    """Return the scores that a user is told: float64 array of the same shape.

    Parameters
    ----------
    scores : float array
        As the model returned them; those outside of [0, 1] count as its ends.
    calibration : mapping
    """
    scores = np.clip(np.asarray(scores, np.float64), 0, 1)
    if KEY not in calibration:
        return scores
    of_right, of_wrong = _logs(scores)
    fitted = calibration[KEY]
    return expit(fitted["a"] * of_right + fitted["b"] * of_wrong + fitted["c"])


def _logs(scores: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return ln s and -ln(1 - s), finite at 0 and 1 too."""
    return np.log(np.maximum(scores, _SMALLEST)), -np.log(np.maximum(1 - scores, _SMALLEST))


def _fit(validation: Predictions) -> dict[str, Any]:
    matches = match(Found.of(validation))
    kept = ~matches.ignored[:, 0, 0] & (matches.score >= LEAST)
    if kept.sum() < FEWEST:
        return {}
    a, b, c = fit_beta(np.clip(matches.score[kept], 0, 1), matches.right[kept, 0, 0])
    return {KEY: {"a": a, "b": b, "c": c, "boxes": int(kept.sum())}}


calibrators.add("detection_scores", Calibrator(COLUMNS, _fit))

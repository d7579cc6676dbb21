"""The probability from which on an item has a label, chosen on validation data.

Lipton et al., "Optimal Thresholding of Classifiers to Maximize F1 Measure", ECML 2014. One threshold
for all labels: one for each would be fitted to a few items where labels are rare.
"""

import numpy as np

from finetrust.core.predictions import Predictions
from finetrust.trust.accuracy.calibration.calibrate import EVERY, Calibrator, calibrators
from finetrust.trust.accuracy.labels.label_answers import (
    DEFAULT_THRESHOLD,
    NEEDS,
    probabilities_of,
    targets_of,
)


def best_threshold(probabilities: np.ndarray, targets: np.ndarray) -> float:
    """Return the threshold with the highest micro F1; of several, that nearest to one half.

    Parameters
    ----------
    probabilities : float array (n, labels)
        NaN for an item without an answer, which is left out.
    targets : bool array (n, labels)

    Returns
    -------
    float
        Half-way between two probabilities that occur; 0.5 where no item has a label.
    """
    known = np.isfinite(probabilities)
    scores, labelled = probabilities[known], targets[known]
    if not labelled.any():
        return DEFAULT_THRESHOLD
    order = np.argsort(-scores, kind="stable")
    scores, labelled = scores[order], labelled[order]
    hits, given = np.cumsum(labelled), np.arange(1, len(scores) + 1)
    last_of_equal = np.append(np.diff(scores) < 0, True)
    f1 = np.where(last_of_equal, 2 * hits / (given + labelled.sum()), -1.0)
    below = np.append(scores[1:], 0.0)
    thresholds = (scores + below) / 2
    best = np.flatnonzero(f1 >= f1.max() - 1e-12)
    return float(min(thresholds[best], key=lambda threshold: abs(threshold - DEFAULT_THRESHOLD)))


def _fit(validation: Predictions) -> dict[str, float]:
    found = best_threshold(probabilities_of(validation), targets_of(validation))
    return {"label_threshold": found}


calibrators.add("label_threshold", Calibrator(NEEDS, _fit, EVERY))

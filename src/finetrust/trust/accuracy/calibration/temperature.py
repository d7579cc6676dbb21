"""Temperature scaling: one number that makes confidence agree with accuracy.

Guo et al., "On Calibration of Modern Neural Networks", ICML 2017, section 4.2, with the target
smoothing of Platt, "Probabilistic Outputs for Support Vector Machines", 1999, section 2.2.
"""

import numpy as np
from scipy.optimize import brentq

from finetrust.trust.accuracy.probabilities import SMALLEST_LOG, has_answer, log_softmax

FLOOR, CEILING = 0.005, 200.0
"""Times the mean distance between the largest logit of an item and the mean of its logits. Classes are
all but alike at the ceiling; the floor is where no number of items leads."""


def fit_temperature(logits: np.ndarray, targets: np.ndarray) -> float:
    """Return the temperature T that minimises the NLL of ``softmax(logits / T)``.

    The NLL is convex in 1/T, so that the root of its derivative, searched for in log T between
    ``FLOOR`` and ``CEILING`` times the spread of the logits, is the minimum: whatever they are
    multiplied by, T is multiplied by it, be they those of a cosine head without a scale. One
    pseudo-item with a label spread evenly over the classes is added to the n items: without it, data
    on which every item is right would ask for T = 0, and so for certainty, however few the items are.
    With 1,000 items and more it moves T by less than its sampling error.

    Parameters
    ----------
    logits : float array (n, classes)
        Of validation data. Items with a logit that is not finite are left out.
    targets : int array (n,)

    Returns
    -------
    float
        1.0 where the data say nothing: no items, one class, or
        logits that are equal within every item.
    """
    answered = has_answer(logits)
    logits, targets = logits[answered], targets[answered]
    if len(logits) == 0:
        return 1.0
    logits = logits.astype(np.float64)
    with np.errstate(over="ignore"):
        shifted = np.maximum(logits - logits.max(axis=1, keepdims=True), SMALLEST_LOG)
    if np.ptp(shifted, axis=1).max() == 0:
        return 1.0

    smoothing = 1 / (len(logits) + 1)
    of_target = shifted[np.arange(len(targets)), targets]
    wanted = np.mean((1 - smoothing) * of_target + smoothing * shifted.mean(axis=1))

    def slope(log_temperature: float) -> float:
        """Derivative of the smoothed NLL by 1/T."""
        probabilities = np.exp(log_softmax(shifted, float(np.exp(log_temperature))))
        return float(np.mean((probabilities * shifted).sum(axis=1)) - wanted)

    spread = float(-shifted.mean(axis=1).mean())
    low, high = float(np.log(FLOOR * spread)), float(np.log(CEILING * spread))
    if slope(low) <= 0:
        return FLOOR * spread
    if slope(high) >= 0:
        return CEILING * spread
    return float(np.exp(brentq(slope, low, high, xtol=1e-9)))

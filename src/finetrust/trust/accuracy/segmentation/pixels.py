"""The sampled pixels of the predictions: their logits and targets, image by image."""

import numpy as np

from finetrust.core.errors import NotApplicable
from finetrust.core.predictions import Predictions
from finetrust.trust.accuracy.probabilities import has_answer

COLUMNS = ("pixel_logits", "pixel_targets")
NO_TARGET = -1


def sampled_pixels(predictions: Predictions) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return the sampled pixels that have a target and a finite answer.

    Returns
    -------
    logits : float array (m, k)
    targets : int array (m,)
    images : int64 array (m,)
        The row of the image that each pixel is of.

    Raises
    ------
    NotApplicable
        If there are none.
    """
    targets = predictions["pixel_targets"]
    n, s = targets.shape
    logits = predictions["pixel_logits"].reshape(n * s, -1)
    kept = (targets.ravel() != NO_TARGET) & has_answer(logits)
    if not kept.any():
        raise NotApplicable("no pixel has a target and a finite answer")
    return logits[kept], targets.ravel()[kept], np.repeat(np.arange(n), s)[kept]

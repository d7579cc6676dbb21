"""Maximum softmax probability: the less of it, the more unusual.

Hendrycks & Gimpel, "A Baseline for Detecting Misclassified and Out-of-Distribution Examples in Neural
Networks", ICLR 2017, section 3.
"""

import numpy as np

from finetrust.trust.accuracy.probabilities import log_softmax
from finetrust.trust.stability.ood.score import Head, Score, Seen, State, scores


def msp(state: State, seen: Seen, head: Head) -> np.ndarray:
    """Return minus the logarithm of the largest probability: it does not end where that rounds to 1."""
    return -log_softmax(seen.logits).max(axis=1)


scores.add("msp", Score(msp))

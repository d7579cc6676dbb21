"""Relative Mahalanobis distance: to the nearest class, less that to all the data as one.

Ren, Fort, Liu, Guha Roy, Padhy & Lakshminarayanan, "A Simple Fix to Mahalanobis Distance for Improving
Near-OOD Detection", 2021, arXiv:2106.09022, section 2.
"""

import numpy as np

from finetrust.trust.stability.ood.gaussian import squared_distances, whitening
from finetrust.trust.stability.ood.score import Head, Score, Seen, State, scores
from finetrust.trust.stability.ood.scores import mahalanobis


def fit(seen: Seen, classes: np.ndarray, head: Head) -> State:
    """Return what the Mahalanobis distance needs, and mean and whitening of all the data."""
    mean = seen.features.mean(axis=0, dtype=np.float64)
    return {
        **mahalanobis.fit(seen, classes, head),
        "mean": mean.astype(np.float32)[None],
        "whitening_of_all": whitening(seen.features - mean),
    }


def relative_mahalanobis(state: State, seen: Seen, head: Head) -> np.ndarray:
    """Return the squared distance to the nearest class mean, less that to the mean of all."""
    to_all = squared_distances(seen.features, state["mean"], state["whitening_of_all"])[:, 0]
    return mahalanobis.mahalanobis(state, seen, head) - to_all


scores.add("relative_mahalanobis", Score(relative_mahalanobis, fit))

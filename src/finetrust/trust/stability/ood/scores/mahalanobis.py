"""Mahalanobis distance of the features to the nearest class.

Lee, Lee, Lee & Shin, "A Simple Unified Framework for Detecting Out-of-Distribution Samples and
Adversarial Attacks", NeurIPS 2018, equations 1 and 2, without their change of the input.
"""

import numpy as np

from finetrust.trust.stability.ood.gaussian import class_means, squared_distances, whitening
from finetrust.trust.stability.ood.score import Head, Score, Seen, State, scores


def fit(seen: Seen, classes: np.ndarray, head: Head) -> State:
    """Return the means of the classes and what whitens the covariance that they share."""
    means, of_each = class_means(seen.features, classes)
    return {"means": means, "whitening": whitening(seen.features - means[of_each])}


def mahalanobis(state: State, seen: Seen, head: Head) -> np.ndarray:
    """Return the squared distance to the nearest class mean."""
    return squared_distances(seen.features, state["means"], state["whitening"]).min(axis=1)


scores.add("mahalanobis", Score(mahalanobis, fit))

"""Distance of the direction of the features to the k-th nearest of the known items.

Sun, Ming, Zhu & Li, "Out-of-Distribution Detection with Deep Nearest Neighbors", ICML 2022, section 3 and
algorithm 1. As there, k is 1 in 1000 of the known items (50 of CIFAR-10, 1000 of ImageNet).
"""

import numpy as np

from finetrust.core.errors import NotApplicable
from finetrust.data.nearest_directions import nearest_directions
from finetrust.trust.stability.ood.score import Head, Score, Seen, State, scores

ITEMS_A_NEIGHBOUR = 1000
MOST_NUMBERS = 1 << 23
"""Of more features than this some of the items are left out, evenly: a hundredth of ImageNet did
nearly as well (their ablation of the sampling ratio)."""


def fit(seen: Seen, classes: np.ndarray, head: Head) -> State:
    """Return the directions of the known items."""
    if not len(seen):
        raise NotApplicable("there are no known items")
    step = -(-seen.features.size // MOST_NUMBERS)
    return {"directions": _directions(seen.features[::step])}


def knn(state: State, seen: Seen, head: Head) -> np.ndarray:
    """Return the distance to the k-th nearest direction."""
    known, asked = state["directions"], _directions(seen.features)
    k = max(1, round(len(known) / ITEMS_A_NEIGHBOUR))
    found = np.empty(len(asked))
    for rows, _, apart in nearest_directions(asked, known, k):
        found[rows] = apart.max(axis=1)
    return found


def _directions(features: np.ndarray) -> np.ndarray:
    lengths = np.linalg.norm(features, axis=1, keepdims=True)
    return (features / np.maximum(lengths, 1e-12)).astype(np.float32)


scores.add("knn", Score(knn, fit))

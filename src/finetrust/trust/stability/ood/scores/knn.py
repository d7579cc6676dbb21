"""Distance of the direction of the features to the k-th nearest of the known items.

Sun, Ming, Zhu & Li, "Out-of-Distribution Detection with Deep Nearest Neighbors", ICML 2022, section 3 and
algorithm 1. As there, k is 1 in 1000 of the known items (50 of CIFAR-10, 1000 of ImageNet).
"""

import numpy as np

from finetrust.core.errors import NotApplicable
from finetrust.trust.stability.ood.score import Head, Score, Seen, State, scores

ITEMS_A_NEIGHBOUR = 1000
MOST_NUMBERS = 1 << 23
"""Of more features than this some of the items are left out, evenly: a hundredth of ImageNet did
nearly as well (their ablation of the sampling ratio)."""

_SIMILARITIES_AT_ONCE = 1 << 23
_NUMBERS_AT_ONCE = 1 << 24


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
    at_once = max(
        1, min(_SIMILARITIES_AT_ONCE // len(known), _NUMBERS_AT_ONCE // (k * known.shape[1]))
    )
    for start in range(0, len(asked), at_once):
        some = asked[start : start + at_once]
        near = np.argpartition(-(some @ known.T), k - 1, axis=1)[:, :k]
        # From differences: products of float32 cannot tell small distances from none.
        apart = np.linalg.norm(some[:, None] - known[near], axis=2)
        found[start : start + at_once] = apart.max(axis=1)
    return found


def _directions(features: np.ndarray) -> np.ndarray:
    lengths = np.linalg.norm(features, axis=1, keepdims=True)
    return (features / np.maximum(lengths, 1e-12)).astype(np.float32)


scores.add("knn", Score(knn, fit))

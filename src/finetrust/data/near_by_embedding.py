"""Near copies by embedding: items far nearer to a training item than chance lets neighbours be.

Where points lie evenly in k dimensions, the distances to the first and to the fifth neighbour have a
ratio r with P(r <= t) = 1 - (1 - t^k)^4, whatever their density is (Facco, d'Errico, Rodriguez & Laio,
"Estimating the intrinsic dimension of datasets by a minimal neighborhood information", 2017, equation 3
and supplement). The dimension k follows from the median ratio among the training items.
"""

import numpy as np

from finetrust.data.nearest_directions import nearest_directions

_NEIGHBOUR = 5
_FALSE_ALARMS = 2e-4
_LARGEST_RATIO = 0.7
_ITEMS_ASKED = 2000


def near_by_embedding(features: np.ndarray, train_features: np.ndarray) -> np.ndarray:
    """Return pairs (k, 2) of an item and the training item that it is nearly a copy of.

    Features are centred and compared by their angle. At most one pair for each item.

    Parameters
    ----------
    features : float array (n, d)
        Of the items that a model is judged on.
    train_features : float array (m, d)
        Of its training items, from the same network. With fewer than 6 no pair is found.
    """
    if len(train_features) <= _NEIGHBOUR or not len(features):
        return np.empty((0, 2), np.int64)
    centre = train_features.mean(axis=0, dtype=np.float64).astype(np.float32)
    train, asked = _directions(train_features, centre), _directions(features, centre)
    step = -(-len(train) // _ITEMS_ASKED)
    # The nearest of a training item is itself.
    _, among = _nearest(train[::step], train, _NEIGHBOUR + 1)
    nearest, distances = _nearest(asked, train, _NEIGHBOUR)
    near = _ratio(distances) <= largest_ratio(_ratio(among[:, 1:]))
    rows = np.flatnonzero(near)
    return np.stack([rows, nearest[rows]], axis=1)


def largest_ratio(ratios: np.ndarray) -> float:
    """Return up to which ratio an item is a copy, so that 0.02 % of others are taken for one.

    Parameters
    ----------
    ratios : float array (n,)
        Distance to the first by distance to the fifth neighbour of items that are mostly no copies.
    """
    middle = float(np.clip(np.median(ratios), 1e-6, 1 - 1e-6))
    dimension = np.log(_power(0.5)) / np.log(middle)
    return float(min(_power(_FALSE_ALARMS) ** (1 / dimension), _LARGEST_RATIO))


def _power(chance: float) -> float:
    """Return t^k with P(r <= t) = chance."""
    return float(1 - (1 - chance) ** (1 / (_NEIGHBOUR - 1)))


def _ratio(distances: np.ndarray) -> np.ndarray:
    """Return first by last distance (n,) of distances (n, k); 1 where all are zero."""
    last = distances[:, -1]
    return np.where(last > 0, distances[:, 0] / np.where(last > 0, last, 1), 1.0)


def _directions(features: np.ndarray, centre: np.ndarray) -> np.ndarray:
    centred = features.astype(np.float32) - centre
    return centred / np.maximum(np.linalg.norm(centred, axis=1, keepdims=True), 1e-12)


def _nearest(asked: np.ndarray, train: np.ndarray, most: int) -> tuple[np.ndarray, np.ndarray]:
    """Return the nearest row of `train` (n,), and the distances (n, most) to the nearest ones, sorted."""
    nearest = np.empty(len(asked), np.int64)
    distances = np.empty((len(asked), most), np.float32)
    for rows, near, apart in nearest_directions(asked, train, most):
        nearest[rows] = near[np.arange(len(near)), apart.argmin(axis=1)]
        distances[rows] = np.sort(apart, axis=1)
    return nearest, distances

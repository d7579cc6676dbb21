"""How well features tell a class that they never met from those they know: near-OOD separability.

Every class in turn plays the unknown one. Scored by the distance to the k-th nearest known
direction (Sun, Ming, Zhu & Li, "Out-of-Distribution Detection with Deep Nearest Neighbors", ICML
2022, section 3), which needs no training.
"""

import numpy as np

from finetrust.core.errors import NotApplicable
from finetrust.selection.estimate import Figure
from finetrust.trust.accuracy.selective.delong import auroc_interval

MOST_ITEMS = 2000
NEIGHBOUR = 3


def near_ood(features: np.ndarray, labels: np.ndarray, groups: list[str], seed: int) -> Figure:
    """Return the AUROC of items whose class is hidden against the same kind of items as known ones.

    An item is once scored as unknown, by its k-th nearest neighbour among the items of other classes,
    and once as known, by that among as many items drawn from all classes: in a smaller crowd the
    nearest is farther. 0.5: unknown classes look familiar; 1: they never do. Interval by DeLong's
    variance.

    Parameters
    ----------
    features : float32 array (n, d)
    labels : int64 array (n,)
    groups : list of str (n,)
        What belongs to one group is no neighbour: copies of an image, objects in it.
    seed : int

    Raises
    ------
    NotApplicable
        If there are too few items of a class, or only one class.
    """
    rows = np.arange(len(labels))
    if len(rows) > MOST_ITEMS:
        rows = np.sort(np.random.default_rng(seed).choice(rows, MOST_ITEMS, replace=False))
    classes, counts = np.unique(labels[rows], return_counts=True)
    enough = classes[counts > NEIGHBOUR]
    rows = rows[np.isin(labels[rows], enough)]
    if len(enough) < 2:
        raise NotApplicable(f"fewer than two classes have more than {NEIGHBOUR} items")
    of_rows = [groups[row] for row in rows]
    known, unknown = _distances(features[rows], labels[rows], of_rows, seed)
    finite = np.isfinite(known) & np.isfinite(unknown)
    if finite.sum() < 2:
        raise NotApplicable("too few items have neighbours outside their own image")
    score = np.concatenate([unknown[finite], known[finite]])
    positive = np.arange(len(score)) < finite.sum()
    value, low, high = auroc_interval(score, positive)
    return Figure(value, low, high, int(finite.sum()), {"classes": len(enough)})


def _distances(
    features: np.ndarray, labels: np.ndarray, groups: list[str], seed: int
) -> tuple[np.ndarray, np.ndarray]:
    """Return the distance to the k-th neighbour: of as many of all classes, and of other classes."""
    centred = features - features.mean(axis=0)
    directions = centred / np.maximum(np.linalg.norm(centred, axis=1, keepdims=True), 1e-12)
    apart = 1 - directions @ directions.T
    _, group = np.unique(np.asarray(groups), return_inverse=True)
    elsewhere = group[:, None] != group[None]
    strangers = elsewhere & (labels[:, None] != labels[None])
    drawn = np.random.default_rng(seed).random(apart.shape, dtype=np.float32)
    place = np.where(elsewhere, drawn, 2).argsort(axis=1).argsort(axis=1)
    some = elsewhere & (place < strangers.sum(axis=1, keepdims=True))
    return _kth(apart, some), _kth(apart, strangers)


def _kth(apart: np.ndarray, bank: np.ndarray) -> np.ndarray:
    """Return the distance of each row to its k-th neighbour in its bank; infinity without one."""
    near = np.where(bank, apart, np.inf)
    return np.partition(near, NEIGHBOUR - 1, axis=1)[:, NEIGHBOUR - 1].astype(np.float64)

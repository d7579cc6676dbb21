"""What more labels would bring: the probe's accuracy at 10, 30 and 100 % of the data, extrapolated.

The error falls as a power of the number of labels (Cortes, Jackel, Solla, Vapnik & Denker, "Learning
Curves: Asymptotic Values and Rate of Convergence", NIPS 1993; Hestness et al. 2017, arXiv:1712.00409).
"""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from finetrust.core.errors import NotApplicable
from finetrust.selection.probe import some_rows
from finetrust.trust.accuracy.intervals import RESAMPLES, wilson
from finetrust.trust.data.out_of_fold import (
    folds_of,
    has_label_elsewhere,
    out_of_fold_log_probabilities,
)

SHARES = (0.1, 0.3, 1.0)
AHEAD = 3.0
"""How many times as many labels the curve is followed; nothing is said beyond."""
FEWEST = 50


@dataclass(frozen=True)
class SizePoint:
    """Accuracy with some labels: measured, or extrapolated.

    Parameters
    ----------
    n_train : int
        Labels that the probe is fitted to.
    accuracy, low, high : float
        With a 95 % interval.
    n : int
        Items that are asked about.
    """

    n_train: int
    accuracy: float
    low: float
    high: float
    n: int


@dataclass(frozen=True)
class DataSizeCurve:
    """The curve of a candidate.

    Parameters
    ----------
    measured : tuple of SizePoint
    extrapolated : SizePoint
        With ``AHEAD`` times as many labels.
    """

    measured: tuple[SizePoint, ...]
    extrapolated: SizePoint

    def to_dict(self) -> dict[str, Any]:
        """Return the curve as JSON values."""
        return asdict(self)


def data_size_curve(
    features: np.ndarray, labels: np.ndarray, groups: list[str], n_classes: int, seed: int
) -> DataSizeCurve:
    """Cross-validate a linear probe with fewer and fewer of the labels.

    Every item is asked about at every size, in the same folds. The extrapolation is a power law
    through all sizes. Its interval comes from errors drawn by Jeffreys' posterior at each size, so
    that no error among few items is not taken for none at all; the line through all sizes and that
    through the last two count alike in it, for they part where the points are no power law.

    Parameters
    ----------
    features : float32 array (n, d)
    labels : int64 array (n,)
    groups : list of str (n,)
    n_classes : int
    seed : int

    Raises
    ------
    NotApplicable
        If there are too few items.
    """
    chosen = some_rows(labels, features.shape[1], n_classes, seed)
    if len(chosen) < FEWEST:
        raise NotApplicable(f"there are {len(chosen)} items, and {FEWEST} are needed")
    features, labels = features[chosen], labels[chosen]
    folds = folds_of([groups[row] for row in chosen], labels, seed)
    judged = has_label_elsewhere(labels, folds)
    if not judged.any():
        raise NotApplicable("no class has two items that are no copies of one another")
    order = np.random.default_rng(seed).random(len(labels))
    sizes, wrong = [], []
    for share in SHARES:
        log_p, size = _with_share(features, labels, folds, order, n_classes, share)
        sizes.append(size)
        wrong.append((log_p.argmax(axis=1) != labels)[judged])
    right = 1 - np.stack(wrong, axis=1).astype(np.float64)
    measured = tuple(map(_measured, sizes, right.T))
    return DataSizeCurve(measured, extrapolate(sizes, right, seed))


def extrapolate(sizes: Sequence[int], right: np.ndarray, seed: int) -> SizePoint:
    """Return the accuracy with ``AHEAD`` times as many labels as the largest size.

    Parameters
    ----------
    sizes : sequence of int (s,)
        Labels fitted to, ascending.
    right : float array (n, s)
        Whether each item was answered rightly at each size.
    seed : int
    """
    target = round(AHEAD * sizes[-1])
    n = len(right)
    wrong = n - right.sum(axis=0)
    drawn = np.random.default_rng(seed).beta(wrong + 0.5, n - wrong + 0.5, (RESAMPLES, len(sizes)))
    x = np.log(np.asarray(sizes, np.float64))
    value = 1 - float(_power_law(x, np.maximum(wrong, 0.5)[None] / n, target)[0])
    ends = [_power_law(x, drawn, target), _power_law(x[-2:], drawn[:, -2:], target)]
    low, high = np.quantile(1 - np.concatenate(ends), [0.025, 0.975])
    return SizePoint(target, value, min(float(low), value), max(float(high), value), n)


def _power_law(x: np.ndarray, errors: np.ndarray, target: int) -> np.ndarray:
    """Return the errors (b,) at `target` of the least-squares lines through log errors (b, s) at `x`.

    A line never rises.
    """
    y = np.log(np.maximum(errors, np.finfo(float).tiny))
    slope = (y * (x - x.mean())).sum(axis=1) / np.square(x - x.mean()).sum()
    level = y.mean(axis=1)
    return np.exp(level + np.minimum(slope, 0) * (np.log(target) - x.mean())).clip(0, 1)


def _with_share(
    features: np.ndarray,
    labels: np.ndarray,
    folds: np.ndarray,
    order: np.ndarray,
    n_classes: int,
    share: float,
) -> tuple[np.ndarray, int]:
    """Return out-of-fold log-probabilities with a share of each class's labels, and their number."""
    if share == 1:
        log_p = out_of_fold_log_probabilities(features, labels, folds, n_classes)
        return log_p, round(len(labels) * (1 - 1 / len(np.unique(folds))))
    log_p = np.empty((len(labels), n_classes), np.float32)
    used = []
    for fold in np.unique(folds):
        here = folds == fold
        kept = _share_of_each(np.flatnonzero(~here), labels, order, share)
        asked = np.flatnonzero(here)
        rows = np.concatenate([kept, asked])
        two = np.repeat([0, 1], [len(kept), len(asked)])
        found = out_of_fold_log_probabilities(features[rows], labels[rows], two, n_classes)
        log_p[here] = found[len(kept) :]
        used.append(len(kept))
    return log_p, round(float(np.mean(used)))


def _share_of_each(
    rows: np.ndarray, labels: np.ndarray, order: np.ndarray, share: float
) -> np.ndarray:
    """Return a share of the rows of each class, one at least; a larger share holds a smaller one."""
    kept = []
    for label in np.unique(labels[rows]):
        own = rows[labels[rows] == label]
        own = own[np.argsort(order[own])]
        kept.append(own[: max(1, round(share * len(own)))])
    return np.sort(np.concatenate(kept))


def _measured(size: int, right: np.ndarray) -> SizePoint:
    low, high = wilson(right.sum(), len(right))
    return SizePoint(size, float(right.mean()), float(low), float(high), len(right))

"""What is kept of a predicted mask: confusion counts, borders, and a sample of its pixels."""

import zlib

import numpy as np
from scipy import ndimage

from finetrust.data.masks.masks import IGNORE

DILATION_RATIO = 0.02
SAMPLED_PIXELS = 200


def confusion_counts(
    targets: np.ndarray, predicted: np.ndarray, answered: np.ndarray, n_classes: int
) -> tuple[np.ndarray, np.ndarray]:
    """Count the pixels of each (target, predicted) pair.

    Parameters
    ----------
    targets : uint8 array (h, w)
        Pixels of ``IGNORE`` are left out.
    predicted : uint8 array (h, w)
    answered : bool array (h, w)
        Where the answer is finite.
    n_classes : int

    Returns
    -------
    confusion : int64 array (n_classes * n_classes,)
        Targets as rows.
    unanswered : int64 array (n_classes,)
        Pixels of each class without an answer.
    """
    known = targets != IGNORE
    both = known & answered
    cells = targets[both].astype(np.int64) * n_classes + predicted[both]
    confusion = np.bincount(cells, minlength=n_classes**2)
    unanswered = np.bincount(targets[known & ~answered], minlength=n_classes)
    return confusion, unanswered


def boundary_counts(targets: np.ndarray, predicted: np.ndarray, n_classes: int) -> np.ndarray:
    """Return the intersection and the union of the border pixels of each class.

    Border pixels of a region are those within d of a pixel that is not of it, d being 2 % of the
    image's diagonal, in steps to any of the eight neighbours (Cheng et al. 2021, eq. 2 and
    appendix). What is to be ignored is taken out of the prediction too.

    Parameters
    ----------
    targets, predicted : uint8 array (h, w)
        Of an image at its own size.
    n_classes : int

    Returns
    -------
    int64 array (2 * n_classes,)
    """
    known = targets != IGNORE
    predicted = np.where(known, predicted, IGNORE).astype(np.uint8)
    distance = boundary_distance(targets.shape[0], targets.shape[1])
    of_targets = border(targets, distance) & known
    of_predicted = border(predicted, distance) & known & (predicted < n_classes)
    met = of_targets & of_predicted & (targets == predicted)
    counted = [
        np.bincount(labels[where], minlength=n_classes)[:n_classes]
        for labels, where in ((targets, of_targets), (predicted, of_predicted), (targets, met))
    ]
    return np.concatenate([counted[2], counted[0] + counted[1] - counted[2]])


def boundary_distance(height: int, width: int) -> int:
    """Return the width of a border in pixels for an image of this size."""
    return max(1, round(DILATION_RATIO * float(np.hypot(height, width))))


def border(labels: np.ndarray, distance: int) -> np.ndarray:
    """Return which pixels have another label, or the edge of the image, within `distance`.

    That is one erosion for all labels: the window of a pixel inside a region has one label only.

    Parameters
    ----------
    labels : uint8 array (h, w)
    distance : int

    Returns
    -------
    bool array (h, w)
    """
    size = 2 * distance + 1
    least = ndimage.minimum_filter(labels.astype(np.int16), size, mode="constant", cval=-1)
    most = ndimage.maximum_filter(labels, size, mode="nearest")
    return (least != labels) | (most != labels)


def sampled(targets: np.ndarray, item: str) -> np.ndarray:
    """Return the positions of a random sample of the pixels with a target.

    The same for the same item and mask, whatever was done to the image.

    Parameters
    ----------
    targets : uint8 array (h, w)
    item : str
        Id of the item.

    Returns
    -------
    int64 array (m,)
        Sorted, flat; m <= ``SAMPLED_PIXELS``.
    """
    known = np.flatnonzero(targets.ravel() != IGNORE)
    if len(known) <= SAMPLED_PIXELS:
        return known
    rng = np.random.default_rng(zlib.crc32(item.encode()))
    return np.sort(rng.choice(known, SAMPLED_PIXELS, replace=False))

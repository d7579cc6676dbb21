"""The image nearest to an untouched one that an attack finds to break its answer, for a few items."""

import numpy as np
import torch
from torch import Tensor

from finetrust.trust.stability.adversarial.apgd import apgd
from finetrust.trust.stability.adversarial.attack import LogitsOf, Victims, shortest_along
from finetrust.trust.stability.adversarial.grids import LEVELS, LINF_LEVELS
from finetrust.trust.stability.adversarial.losses import cross_entropy, dlr
from finetrust.trust.stability.adversarial.norms import LInf

STEPS = 30
PRECISION = 0.01


def broken_images(
    logits_of: LogitsOf, images: Tensor, labels: Tensor, seeds: Tensor, smallest: np.ndarray
) -> tuple[Tensor, np.ndarray]:
    """Return images that break their answers, changed in no colour value more than is needed.

    They are sought within the smallest size of the grid at which the evaluation broke the item, then
    within larger ones, by Auto-PGD.

    Parameters
    ----------
    logits_of : callable
        Pixels in [0, 1] to logits.
    images : float tensor (n, 3, h, w)
    labels, seeds : int64 tensors (n,)
    smallest : float array (n,)
        The size that was found to break each item; infinite where none was.

    Returns
    -------
    points : float tensor (n, 3, h, w)
    size : float array (n,)
        The largest change of a colour value; NaN where nothing was found.
    """
    norm = LInf()
    points, found = images.clone(), torch.zeros_like(labels, dtype=torch.bool)
    for level in LINF_LEVELS:
        due = ~found.cpu().numpy() & (smallest <= level / LEVELS * (1 + 1e-6))
        for loss in (cross_entropy, dlr):
            rows = torch.nonzero(torch.from_numpy(due).to(found.device) & ~found)[:, 0]
            if not len(rows):
                break
            eps = torch.full_like(images[rows, 0, 0, 0], level / LEVELS)
            victims = Victims(images[rows], labels[rows], eps, seeds[rows])
            new = apgd(loss, STEPS)(logits_of, victims, norm)
            points[rows[new.broken]], found[rows[new.broken]] = new.points[new.broken], True
    rows = torch.nonzero(found)[:, 0]
    size = np.full(len(labels), np.nan)
    if len(rows):
        points[rows] = shortest_along(
            logits_of, images[rows], points[rows], labels[rows], PRECISION
        )
        size[rows.cpu().numpy()] = norm.size(points[rows] - images[rows]).cpu().numpy()
    return points, size


def enlarged_difference(image: np.ndarray, other: np.ndarray) -> tuple[np.ndarray, int]:
    """Return what differs between two images around mid grey, and how many times it was enlarged.

    Parameters
    ----------
    image, other : float arrays (3, h, w)
        In [0, 1].

    Returns
    -------
    picture : uint8 array (h, w, 3)
    factor : int
        The largest at which no difference is cut off, and 1 at least.
    """
    difference = other.astype(np.float64) - image
    largest = float(np.abs(difference).max(initial=0.0))
    factor = max(1, int(0.5 / largest)) if largest > 0 else 1
    grey = 0.5 + factor * difference
    return (grey * 255).round().clip(0, 255).astype(np.uint8).transpose(1, 2, 0), factor

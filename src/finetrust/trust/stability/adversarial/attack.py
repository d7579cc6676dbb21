"""What every attack works with: a classifier of pixels, its gradients, and what an attack returns."""

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor

from finetrust.trust.stability.adversarial.losses import Loss
from finetrust.trust.stability.adversarial.norms import Norm, spread

LogitsOf = Callable[[Tensor], Tensor]
"""Pixels in [0, 1], float tensor (n, 3, h, w), to logits (n, classes), every item for itself."""


@dataclass(frozen=True)
class Attacked:
    """What an attack returns.

    Parameters
    ----------
    points : float tensor (n, 3, h, w)
        The image that breaks an item; where none was found, the image as it was.
    broken : bool tensor (n,)
        Whether the model's answer for that image is not the label.
    """

    points: Tensor
    broken: Tensor


@dataclass(frozen=True)
class Victims:
    """Items under attack.

    Parameters
    ----------
    images : float tensor (n, 3, h, w)
        In [0, 1].
    labels : int64 tensor (n,)
    eps : float tensor (n,)
        How large the perturbation of each item may be.
    seeds : int64 tensor (n,)
        What is drawn for an item depends on its seed alone.
    start : float tensor (n, 3, h, w) or None
        Where to start, if not at random.
    """

    images: Tensor
    labels: Tensor
    eps: Tensor
    seeds: Tensor
    start: Tensor | None = None

    def __len__(self) -> int:
        return len(self.labels)

    def take(self, rows: Tensor) -> "Victims":
        """Return the items at `rows` (int64 tensor, or bool tensor (n,))."""
        return Victims(
            self.images[rows],
            self.labels[rows],
            self.eps[rows],
            self.seeds[rows],
            None if self.start is None else self.start[rows],
        )


_MOST_HALVINGS = 24

Attack = Callable[[LogitsOf, Victims, Norm], Attacked]


def is_wrong(logits: Tensor, labels: Tensor) -> Tensor:
    """Return whether the answer is not the label; an output with NaN or infinity is none."""
    return (logits.argmax(dim=1) != labels) | ~logits.isfinite().all(dim=1)


def ascent(
    logits_of: LogitsOf, points: Tensor, labels: Tensor, targets: Tensor, loss: Loss
) -> tuple[Tensor, Tensor, Tensor]:
    """Return logits, losses and the gradient of each item's loss by its pixels.

    Returns
    -------
    logits : float tensor (n, classes)
    losses : float tensor (n,)
        Minus infinity where there is no number.
    gradient : float tensor (n, 3, h, w)
        0 where the loss does not depend on the pixels, or its derivative is no number.
    """
    points = points.detach().requires_grad_()
    with torch.enable_grad():
        logits = logits_of(points)
        losses = loss(logits, labels, targets)
        gradient = None
        if losses.requires_grad:
            (gradient,) = torch.autograd.grad(losses.sum(), points, allow_unused=True)
    gradient = torch.zeros_like(points) if gradient is None else gradient
    losses = losses.detach().nan_to_num(-torch.inf, torch.inf, -torch.inf)
    return logits.detach(), losses, gradient.detach().nan_to_num(0, 0, 0)


@torch.no_grad()
def shortest_along(
    logits_of: LogitsOf, images: Tensor, points: Tensor, labels: Tensor, precision: float
) -> Tensor:
    """Return for images that break items the nearest on the line to the untouched that still do.

    By bisection; where the model changes its answer more than once on the way, one of the places.

    Parameters
    ----------
    logits_of : callable
    images, points : float tensors (n, 3, h, w)
        Untouched, and such that break the item.
    labels : int64 tensor (n,)
    precision : float
        The bisection of an item ends when what is left of its range is this part of the distance.

    Returns
    -------
    float tensor (n, 3, h, w)
    """
    best, change = points.clone(), points - images
    rows = torch.arange(len(labels), device=labels.device)
    low, high = torch.zeros_like(images[:, 0, 0, 0]), torch.ones_like(images[:, 0, 0, 0])
    for _ in range(_MOST_HALVINGS):
        rows = rows[high[rows] - low[rows] > precision * high[rows]]
        if not len(rows):
            break
        middle = (low[rows] + high[rows]) / 2
        tried = images[rows] + spread(middle, images) * change[rows]
        broken = is_wrong(logits_of(tried), labels[rows])
        best[rows[broken]] = tried[broken]
        high[rows[broken]], low[rows[~broken]] = middle[broken], middle[~broken]
    return best

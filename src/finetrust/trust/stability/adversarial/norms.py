"""The two sizes of a perturbation: the largest change of any value, and the Euclidean length.

All functions take changes (n, ...) and treat every item alone.
"""

from typing import Protocol

import torch
from torch import Tensor

from finetrust.trust.trials.draws import standard_normal, uniform

_TINY = 1e-12


class Norm(Protocol):
    """How large a change is, and which changes are the best of their size."""

    name: str

    def size(self, change: Tensor) -> Tensor:
        """Return the size of each change, float tensor (n,)."""

    def shortened(self, change: Tensor, most: Tensor) -> Tensor:
        """Return the nearest change whose size is at most `most` (n,)."""

    def steepest(self, gradient: Tensor) -> Tensor:
        """Return the change of size 1 that gains most along `gradient`; 0 where that is 0."""

    def random(self, images: Tensor, seeds: Tensor, stream: int) -> Tensor:
        """Return a random change of size 1, by each item's seed."""

    def largest(self, values: int) -> float:
        """Return the size of the largest change between images of so many values in [0, 1]."""


class LInf:
    """The largest change of any value of any channel."""

    name = "linf"

    def size(self, change: Tensor) -> Tensor:
        return change.abs().flatten(1).amax(dim=1)

    def shortened(self, change: Tensor, most: Tensor) -> Tensor:
        bound = spread(most, change)
        return torch.maximum(torch.minimum(change, bound), -bound)

    def steepest(self, gradient: Tensor) -> Tensor:
        return gradient.sign()

    def random(self, images: Tensor, seeds: Tensor, stream: int) -> Tensor:
        change = 2 * uniform(images, seeds, stream) - 1
        return change / spread(self.size(change) + _TINY, change)

    def largest(self, values: int) -> float:
        return 1.0


class L2:
    """The Euclidean length of the change of all values."""

    name = "l2"

    def size(self, change: Tensor) -> Tensor:
        return torch.linalg.vector_norm(change.flatten(1), dim=1)

    def shortened(self, change: Tensor, most: Tensor) -> Tensor:
        factor = (most / self.size(change).clamp_min(_TINY)).clamp_max(1)
        return change * spread(factor, change)

    def steepest(self, gradient: Tensor) -> Tensor:
        # First to a largest value of 1, or the squares of small gradients would vanish.
        largest = gradient.abs().flatten(1).amax(dim=1)
        scaled = gradient / spread(torch.where(largest > 0, largest, 1), gradient)
        return scaled / spread(self.size(scaled).clamp_min(_TINY), gradient)

    def random(self, images: Tensor, seeds: Tensor, stream: int) -> Tensor:
        change = standard_normal(images, seeds, stream)
        return change / spread(self.size(change) + _TINY, change)

    def largest(self, values: int) -> float:
        return float(values) ** 0.5


NORMS: tuple[Norm, ...] = (LInf(), L2())


def spread(values: Tensor, like: Tensor) -> Tensor:
    """Return one value an item, (n,), in a shape that broadcasts against `like` (n, ...)."""
    return values.to(like.dtype).view(-1, *[1] * (like.ndim - 1))


def within(norm: Norm, images: Tensor, points: Tensor, eps: Tensor) -> Tensor:
    """Return `points` brought into the ball of radius `eps` (n,) around `images`, and into [0, 1].

    To cut at 0 and 1 brings every value nearer to the image's, so that the ball is not left again.
    """
    return (images + norm.shortened(points - images, eps)).clamp(0, 1)

"""Work on a large batch in parts that stay in the cache of a processor."""

from collections.abc import Callable
from functools import wraps
from typing import TypeVar

import torch
from torch import Tensor

P = TypeVar("P")

# A core's cache holds a few tensors of this many values; a GPU wants enough work for a launch.
VALUES_AT_ONCE = {"cpu": 1 << 19}
VALUES_ON_A_GPU = 1 << 26


def in_parts(
    apply: Callable[[Tensor, P, Tensor], Tensor],
) -> Callable[[Tensor, P, Tensor], Tensor]:
    """Make ``apply(images, parameter, seeds)`` run on a part of the items at a time.

    An item comes out the same in any batch, so that the parts change nothing but the speed and
    the memory. The decorated function is given contiguous images.
    """

    @wraps(apply)
    def apply_in_parts(images: Tensor, parameter: P, seeds: Tensor) -> Tensor:
        at_once = VALUES_AT_ONCE.get(images.device.type, VALUES_ON_A_GPU)
        length = max(1, at_once // max(1, images[:1].numel()))
        if len(images) == 0:
            return images.clone()
        if len(images) <= length:
            return apply(images.contiguous(), parameter, seeds)
        changed = torch.empty_like(images, memory_format=torch.contiguous_format)
        for start in range(0, len(images), length):
            rows = slice(start, start + length)
            changed[rows] = apply(images[rows].contiguous(), parameter, seeds[rows])
        return changed

    return apply_in_parts

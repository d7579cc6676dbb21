"""What stands in the place of pixels that are taken away.

No replacement is neutral: a hard edge or a colour that no photo has is itself a signal. So a figure of
faithfulness names its replacement, and is worth more where several agree.
"""

from collections.abc import Callable
from typing import Protocol

import torch
from torch import Tensor

from finetrust.core.registry import Registry

Remover = Callable[[Tensor], Tensor]
"""From a mask, bool tensor (k, n, h, w), true where a pixel is gone, to images (k, n, c, h, w)."""


class Replacement(Protocol):
    """Prepares, once for a batch, the removal of any of its pixels."""

    def __call__(self, images: Tensor, seeds: Tensor) -> Remover:
        """Return a function that takes pixels away.

        Parameters
        ----------
        images : float tensor (n, c, h, w)
            Pixels in [0, 1].
        seeds : int64 tensor (n,)
            By item; what is random depends on it alone.
        """


replacements: Registry[Replacement] = Registry(
    "replacement", "finetrust.trust.interpretability.faithfulness.replacements"
)


def filled_from(images: Tensor, others: Tensor) -> Remover:
    """Return a remover that takes what is gone from `others` (n, c, h, w), or what expands to it."""

    def remove(gone: Tensor) -> Tensor:
        return torch.where(gone.unsqueeze(-3), others, images)

    return remove

"""Normalisation of pixels as the first layer of a network."""

from collections.abc import Sequence

import torch
from torch import Tensor, nn


class Normalise(nn.Module):
    """Pixels to normalised values: uint8, or floats in [0, 1], to ``(x - mean) / std``.

    Part of the network, so that no caller can forget it and attacks see raw pixels.

    Parameters
    ----------
    mean, std : sequence of float (3,)
    """

    mean: Tensor
    std: Tensor

    def __init__(self, mean: Sequence[float], std: Sequence[float]) -> None:
        super().__init__()
        self.register_buffer("mean", torch.tensor(tuple(mean)).view(1, -1, 1, 1))
        self.register_buffer("std", torch.tensor(tuple(std)).view(1, -1, 1, 1))

    def forward(self, images: Tensor) -> Tensor:
        """Map images (n, 3, h, w) to normalised images of the same shape and of `mean`'s dtype."""
        scale = 255 if images.dtype == torch.uint8 else 1
        return (images.to(self.mean.dtype) / scale - self.mean) / self.std

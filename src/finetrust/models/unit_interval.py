"""Pixels as floats in [0, 1], from the bytes that images are read as."""

import torch
from torch import Tensor


def in_unit_interval(pixels: Tensor) -> Tensor:
    """Return bytes as floats in [0, 1], and other numbers as they are."""
    return pixels.float() / 255 if pixels.dtype == torch.uint8 else pixels

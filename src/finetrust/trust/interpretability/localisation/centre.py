"""The heat map of a photographer's habit: what matters stands in the middle.

Tatler, "The central fixation bias in scene viewing", Journal of Vision 7(14), 2007.
"""

import torch
from torch import Tensor

SPREAD = 0.25
"""Standard deviation, as a share of the side."""


def centre_map(height: int, width: int) -> Tensor:
    """Return a Gaussian in the middle, as wide as the image is: float32 tensor (height, width) in (0, 1]."""
    y, x = (((torch.arange(side) + 0.5) / side - 0.5) / SPREAD for side in (height, width))
    return torch.exp(-(y[:, None] ** 2 + x**2) / 2)

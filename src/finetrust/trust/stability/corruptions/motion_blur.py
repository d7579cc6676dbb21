"""Motion blur (Hendrycks & Dietterich 2019, section 3)."""

import math

import numpy as np
import torch
from torch import Tensor

from finetrust.trust.stability.corruptions.catalogue import corruption
from finetrust.trust.stability.corruptions.gaussian_filter import pad_with_edge
from finetrust.trust.stability.corruptions.parts import in_parts
from finetrust.trust.stability.corruptions.windows import windows
from finetrust.trust.trials.draws import uniform


@corruption(
    "motion_blur",
    family="blur",
    small=((6, 1.0), (6, 1.5), (6, 2.0), (8, 2.0), (9, 2.5)),
    large=((10, 3.0), (15, 5.0), (15, 8.0), (15, 12.0), (20, 15.0)),
)
@in_parts
def motion_blur(images: Tensor, parameter: tuple[int, float], seeds: Tensor) -> Tensor:
    """Smear along a line at a random angle within 45 degrees of the horizontal."""
    return smear(images, *parameter, random_angles(images, seeds, -45, 45))


def random_angles(images: Tensor, seeds: Tensor, lowest: float, highest: float) -> Tensor:
    """Return one angle for each item, uniform on the range: float tensor (n,)."""
    # A stream of its own: the angle says nothing about what else is drawn for the item.
    share = uniform(images.new_empty(len(images), 1), seeds, stream=1)[:, 0]
    return share * (highest - lowest) + lowest


def smear(images: Tensor, radius: int, sigma: float, angles: Tensor) -> Tensor:
    """Return each image averaged along a line that goes out from every pixel.

    As MotionBlurImage of ImageMagick, which made the published images: 2 radius + 1 pixels with
    the weights of one half of a Gaussian; the i-th pixel is ``ceil(i cos(angle) - 0.5)`` to the
    right and ``ceil(i sin(angle) - 0.5)`` down; beyond the edge the nearest pixel is taken.

    Parameters
    ----------
    images : float tensor (n, c, h, w)
    radius : int
        In pixels.
    sigma : float
        Standard deviation of the Gaussian in pixels.
    angles : float tensor (n,)
        In degrees, y pointing down.

    Returns
    -------
    float tensor (n, c, h, w)
    """
    n, channels, height, width = images.shape
    steps = 2 * radius + 1
    weights = np.exp(-(np.arange(steps) ** 2) / (2 * sigma**2))
    weights = (weights / weights.sum()).tolist()
    radians = angles.double() * (math.pi / 180)
    along = torch.arange(steps, device=images.device)[:, None]
    right = (along * radians.cos() - 0.5).ceil().long()[..., None, None]
    down = (along * radians.sin() - 0.5).ceil().long()[..., None, None]
    rows = (torch.arange(height, device=images.device) + down).clamp_(0, height - 1)
    planes = torch.arange(n * channels, device=images.device).view(n, channels, 1) * height
    padded = pad_with_edge(images, steps - 1, dim=-1)
    starts = ((planes + rows) * padded.shape[-1] + (steps - 1 + right)).flatten(1)
    stretches = windows(padded, width)
    shifted = images.new_empty(n * channels * height, width)
    smeared = torch.zeros_like(shifted)
    for start, weight in zip(starts, weights, strict=True):
        smeared.add_(torch.index_select(stretches, 0, start, out=shifted), alpha=weight)
    return smeared.view(images.shape)

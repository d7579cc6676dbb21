"""Zoom blur (Hendrycks & Dietterich 2019, section 3)."""

import math

import numpy as np
import torch
from torch import Tensor

from finetrust.trust.stability.corruptions.catalogue import corruption
from finetrust.trust.stability.corruptions.parts import in_parts


@corruption(
    "zoom_blur",
    family="blur",
    small=((1.06, 0.01), (1.11, 0.01), (1.16, 0.01), (1.21, 0.01), (1.26, 0.01)),
    large=((1.11, 0.01), (1.16, 0.01), (1.21, 0.02), (1.26, 0.02), (1.31, 0.03)),
)
@in_parts
def zoom_blur(images: Tensor, parameter: tuple[float, float], seeds: Tensor) -> Tensor:
    """Average the image with enlargements of its centre by 1, 1 + step ... below stop."""
    stop, step = parameter
    factors = np.arange(1, stop, step).tolist()
    # With the items innermost, moving pixels is moving long stretches of memory.
    pixels = images.flatten(0, 1).permute(1, 2, 0).contiguous()
    total = pixels.clone()
    for factor in factors:
        total.add_(zoom(pixels, factor))
    return total.div_(len(factors) + 1).permute(2, 0, 1).reshape(images.shape)


def zoom(pixels: Tensor, factor: float) -> Tensor:
    """Return the centre of each image enlarged to the size of the image.

    The centre has the size of the image divided by `factor`, rounded up; between pixels it is
    linear, and its corners stay corners, as in ``scipy.ndimage.zoom`` with order 1.

    Parameters
    ----------
    pixels : float tensor (h, w, m)
    factor : float
        1 or more.

    Returns
    -------
    float tensor (h, w, m)
    """
    if factor == 1:
        return pixels
    for dim in (0, 1):
        size = pixels.shape[dim]
        inner = central_size(size, factor)
        pixels = enlarge(pixels, dim, (size - inner) // 2, inner, factor, size)
    return pixels


def central_size(size: int, factor: float) -> int:
    """Return how many pixels in the middle `factor` enlarges to `size` or a few more."""
    return math.ceil(size / factor)


def enlarge(pixels: Tensor, dim: int, first: int, inner: int, factor: float, size: int) -> Tensor:
    """Return `inner` pixels from `first` along `dim` enlarged, and the middle `size` of them."""
    enlarged = round(inner * factor)
    place = torch.arange(size, dtype=torch.float64, device=pixels.device)
    place = (place + (enlarged - size) // 2) * ((inner - 1) / (enlarged - 1))
    below = place.long().clamp_(max=inner - 2)
    share = (place - below).to(pixels.dtype)
    # Written out along the items where it is short: one long stretch for the arithmetic.
    share = share[:, None, None] if dim == 0 else share[:, None].repeat(1, pixels.shape[2])
    lower, upper = (pixels.index_select(dim, below + first + i) for i in (0, 1))
    return torch.lerp(lower, upper, share, out=lower)

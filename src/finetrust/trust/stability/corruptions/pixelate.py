"""Pixelation (Hendrycks & Dietterich 2019, section 3): large square pixels."""

from functools import lru_cache

import numpy as np
import torch
from torch import Tensor

from finetrust.trust.stability.corruptions.catalogue import corruption


@corruption(
    "pixelate",
    family="digital",
    small=(0.95, 0.9, 0.85, 0.75, 0.65),
    large=(0.6, 0.5, 0.4, 0.3, 0.25),
)
def pixelate(images: Tensor, kept: float, seeds: Tensor) -> Tensor:
    """Shrink either side to the given part by means of boxes, and enlarge it again."""
    h, w = images.shape[2:]
    # Whole rows are gathered much faster than single values: columns become rows meanwhile.
    strips = _means(images, int(h * kept)).transpose(2, 3).contiguous()
    strips = _enlarged(_means(strips, int(w * kept)), w).transpose(2, 3).contiguous()
    return _enlarged(strips, h)


def _means(images: Tensor, cells: int) -> Tensor:
    """Return the mean rows of `cells` boxes: (n, c, h, w) to (n, c, cells, w)."""
    first, length = boxes(images.shape[2], cells)
    share = torch.from_numpy((1 / length).astype(np.float32)).to(images.device)[:, None]
    means = images.index_select(2, torch.from_numpy(first).to(images.device))
    for step in range(1, int(length.max())):
        inside = torch.from_numpy(step < length).to(images.device, images.dtype)[:, None]
        index = torch.from_numpy(np.minimum(first + step, first + length - 1)).to(images.device)
        means += images.index_select(2, index).mul_(inside)
    return means.mul_(share)


def _enlarged(cells: Tensor, size: int) -> Tensor:
    """Return rows (n, c, cells, w) repeated to `size` rows."""
    index, _ = boxes(cells.shape[2], size)
    return cells.index_select(2, torch.from_numpy(index).to(cells.device))


@lru_cache(maxsize=32)
def boxes(size: int, cells: int) -> tuple[np.ndarray, np.ndarray]:
    """Return the first pixel and the number of pixels of each box, int64 arrays (cells,).

    As in Pillow, to the rounding: a box of at least one pixel's width holds the pixels whose
    centres lie within it, its left end excluded.
    """
    scale = size / cells
    width = max(scale, 1.0)
    centres = (np.arange(cells)[:, None] + 0.5) * scale
    pixels = np.arange(size)
    place = (pixels - centres + 0.5) * (1 / width)
    inside = (place > -0.5) & (place <= 0.5)
    inside &= pixels >= (centres - width / 2 + 0.5).astype(int)
    inside &= pixels < (centres + width / 2 + 0.5).astype(int)
    return inside.argmax(axis=1), inside.sum(axis=1)

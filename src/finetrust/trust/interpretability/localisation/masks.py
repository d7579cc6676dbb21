"""Boxes as masks, so that localisation has one kind of truth."""

from collections.abc import Sequence

import torch
from torch import Tensor


def masks_of_boxes(boxes: Sequence[Tensor], height: int, width: int) -> Tensor:
    """Return the pixels whose centres lie in at least one box of their item.

    Parameters
    ----------
    boxes : sequence of float tensors (k, 4)
        x1, y1, x2, y2 in pixels, for each of n items; k may differ and be 0.
    height, width : int

    Returns
    -------
    bool tensor (n, height, width)
    """
    y = torch.arange(height)[:, None] + 0.5
    x = torch.arange(width) + 0.5
    masks = torch.zeros(len(boxes), height, width, dtype=torch.bool)
    for mask, of_item in zip(masks, boxes, strict=True):
        for x1, y1, x2, y2 in of_item.tolist():
            mask |= (y > y1) & (y < y2) & (x > x1) & (x < x2)
    return masks

"""Stretches of memory gathered by where they start."""

import torch
from torch import Tensor


def windows(values: Tensor, width: int) -> Tensor:
    """Return every stretch of `width` values that follow each other in memory.

    A row of an image, shifted by whole pixels, is such a stretch of the padded image: to shift
    each item by its own amount is to select rows of this view.

    Parameters
    ----------
    values : contiguous tensor
    width : int

    Returns
    -------
    tensor (number of values - width + 1, width)
        A view, whose rows overlap.
    """
    flat = values.flatten()
    return torch.as_strided(flat, (len(flat) - width + 1, width), (1, 1))

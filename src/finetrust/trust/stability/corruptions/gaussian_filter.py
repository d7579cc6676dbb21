"""Gaussian smoothing of batches of images."""

import numpy as np
import torch
from torch import Tensor

# Where the kernel ends, in standard deviations: what scikit-image and SciPy take.
TRUNCATE = 4.0


def gaussian_filter(images: Tensor, sigma: float) -> Tensor:
    """Return every channel smoothed by a Gaussian, the nearest pixel being taken beyond the edge.

    Agrees with ``skimage.filters.gaussian`` and ``scipy.ndimage.gaussian_filter(mode="nearest")``.
    Sums of shifted images: operations on single values, whose rounding cannot depend on the batch.

    Parameters
    ----------
    images : float tensor (n, c, h, w)
    sigma : float
        Standard deviation in pixels; below 0.125 nothing changes.

    Returns
    -------
    float tensor (n, c, h, w)
    """
    reach = int(TRUNCATE * sigma + 0.5)
    if reach == 0:
        return images
    weights = np.exp(-(np.arange(reach + 1) ** 2) / (2 * sigma**2))
    weights = (weights / (2 * weights.sum() - 1)).tolist()
    for dim in (-2, -1):
        size = images.shape[dim]
        padded = pad_with_edge(images, reach, dim)
        images = padded.narrow(dim, reach, size) * weights[0]
        pair = torch.empty_like(images)
        for i in range(1, reach + 1):
            before, after = padded.narrow(dim, reach - i, size), padded.narrow(dim, reach + i, size)
            images.add_(torch.add(before, after, out=pair), alpha=weights[i])
    return images


def pad_with_edge(images: Tensor, reach: int, dim: int) -> Tensor:
    """Return `images` with their first and last values repeated `reach` times along `dim`."""
    shape = list(images.shape)
    shape[dim] = reach
    first, last = images.narrow(dim, 0, 1), images.narrow(dim, images.shape[dim] - 1, 1)
    return torch.cat([first.expand(shape), images, last.expand(shape)], dim)

"""Blur corruptions (Hendrycks & Dietterich 2019, section 3)."""

from functools import lru_cache

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from finetrust.trust.stability.corruptions.catalogue import corruption
from finetrust.trust.stability.corruptions.gaussian_filter import gaussian_filter
from finetrust.trust.stability.corruptions.parts import in_parts

# Whole vectors of the FFT: at other lengths its rounding was seen to depend on the batch.
LENGTH_MULTIPLE = 32
# Up to so many values of a kernel, a sum of shifted images is faster than the FFT.
MOST_SHIFTS = 40


@corruption(
    "defocus_blur",
    family="blur",
    small=((0.3, 0.4), (0.4, 0.5), (0.5, 0.6), (1.0, 0.2), (1.5, 0.1)),
    large=((3.0, 0.1), (4.0, 0.5), (6.0, 0.5), (8.0, 0.5), (10.0, 0.5)),
)
@in_parts
def defocus_blur(images: Tensor, parameter: tuple[float, float], seeds: Tensor) -> Tensor:
    """Convolve with a disk of the given radius, smoothed by a Gaussian of the given sigma."""
    return convolve(images, disk(*parameter))


@corruption(
    "gaussian_blur",
    family="blur",
    small=(0.4, 0.6, 0.7, 0.8, 1.0),
    large=(1.0, 2.0, 3.0, 4.0, 6.0),
    extra=True,
)
@in_parts
def gaussian_blur(images: Tensor, sigma: float, seeds: Tensor) -> Tensor:
    """Smooth by a Gaussian of the given standard deviation in pixels."""
    return gaussian_filter(images, sigma)


@lru_cache(maxsize=32)
def disk(radius: float, sigma: float) -> np.ndarray:
    """Return the kernel of a lens out of focus: float64 array (2 r + 1, 2 r + 1).

    As published: a disk on a grid of at least 17 x 17, smoothed by a Gaussian of 3 x 3 taps
    (5 x 5 above radius 8) that is reflected at the rim of the grid; empty rims are cut off. A disk
    that reaches the rim (radius 8 and 10) adds up to 1.01, which brightens the image a little.
    """
    reach = max(8, int(radius))
    taps = 1 if radius <= 8 else 2
    grid = np.arange(-reach, reach + 1)
    kernel = (grid[:, None] ** 2 + grid**2 <= radius**2).astype(float)
    kernel /= kernel.sum()
    gaussian = np.exp(-(np.arange(-taps, taps + 1) ** 2) / (2 * sigma**2))
    gaussian /= gaussian.sum()
    size = len(grid)
    for _ in range(2):
        padded = np.pad(kernel, ((taps, taps), (0, 0)), mode="reflect")
        kernel = sum(g * padded[i : i + size] for i, g in enumerate(gaussian)).T
    rim = min(np.flatnonzero(kernel.max(axis=0) > 1e-12)[0], reach)
    return kernel[rim : size - rim, rim : size - rim]


def convolve(images: Tensor, kernel: np.ndarray) -> Tensor:
    """Return every channel convolved with `kernel`, the image mirrored at its edges.

    A small kernel by sums of shifted images, a large one by FFT, whose cost does not grow with
    the kernel.

    Parameters
    ----------
    images : float32 tensor (n, c, h, w)
    kernel : float array (2 r + 1, 2 r + 1)
        Symmetric; r less than h and w.

    Returns
    -------
    float32 tensor (n, c, h, w)
    """
    reach = len(kernel) // 2
    padded = F.pad(images, (reach,) * 4, mode="reflect")
    if np.count_nonzero(kernel) <= MOST_SHIFTS:
        return _sum_of_shifts(padded, kernel)
    return _by_fft(padded, kernel)


def _sum_of_shifts(padded: Tensor, kernel: np.ndarray) -> Tensor:
    rim = len(kernel) - 1
    height, width = padded.shape[-2] - rim, padded.shape[-1] - rim
    total = padded.new_zeros(*padded.shape[:2], height, width)
    for y, x in np.argwhere(kernel).tolist():
        total.add_(padded[..., y : y + height, x : x + width], alpha=float(kernel[y, x]))
    return total


def _by_fft(padded: Tensor, kernel: np.ndarray) -> Tensor:
    rim = len(kernel) - 1
    height, width = padded.shape[-2:]
    size = (_padded_length(height), _padded_length(width))
    spectrum = torch.fft.rfft2(torch.from_numpy(kernel), s=size)
    spectrum = spectrum.to(padded.device, torch.complex64)
    blurred = torch.fft.irfft2(torch.fft.rfft2(padded, s=size).mul_(spectrum), s=size)
    return blurred[..., rim:height, rim:width]


def _padded_length(length: int) -> int:
    return -(-length // LENGTH_MULTIPLE) * LENGTH_MULTIPLE

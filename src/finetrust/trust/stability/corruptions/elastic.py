"""Elastic transformation (Hendrycks & Dietterich 2019, section 3): pieces stretched and shifted.

Simard, Steinkraus & Platt, "Best practices for convolutional neural networks applied to visual
document analysis", ICDAR 2003: a field of smoothed random displacements; before it a random
affine map, as published.
"""

from functools import lru_cache

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from finetrust.trust.stability.corruptions.catalogue import corruption
from finetrust.trust.stability.corruptions.parts import in_parts
from finetrust.trust.trials.draws import standard_normal, uniform

# Above this reach noise is smoothed by its few slow waves instead of by weighted neighbours.
LARGEST_REACH = 8
# A wave that smoothing leaves less of is left out.
LEAST_WAVE = 1e-3


@corruption(
    "elastic_transform",
    family="digital",
    small=(
        (0.0, 0.0, 2.56),
        (1.6, 6.4, 2.24),
        (2.56, 1.92, 1.92),
        (3.2, 1.28, 1.6),
        (3.2, 0.96, 0.96),
    ),
    large=(
        (488.0, 170.8, 24.4),
        (488.0, 19.52, 48.8),
        (12.2, 2.44, 4.88),
        (17.08, 2.44, 4.88),
        (29.28, 2.44, 4.88),
    ),
)
@in_parts
def elastic_transform(
    images: Tensor, parameter: tuple[float, float, float], seeds: Tensor
) -> Tensor:
    """Move three points at random (the affine map), then every pixel by a smooth random field.

    The parameter: the factor and the smoothing of the field and how far a point moves at most, in
    pixels.
    """
    scale, sigma, farthest = parameter
    moves = uniform(torch.empty(len(images), 6, dtype=torch.float64), seeds)
    mapped = affine(images, moves.mul_(2).sub_(1).mul_(farthest))
    if not scale:
        return mapped
    fields = smooth_noise(images[:, :2], sigma, seeds, stream=1)
    return displaced(mapped, *fields.mul_(scale).unbind(dim=1))


def affine(images: Tensor, moves: Tensor) -> Tensor:
    """Return images under the affine map that moves three points as given.

    The points are corners of a square of two thirds of the shorter side; beyond its edge the
    image is mirrored, the edge itself not repeated.

    Parameters
    ----------
    images : float32 tensor (n, c, h, w)
    moves : float64 tensor (n, 6)
        Three times x and y, in pixels; on the CPU (not every device has float64).

    Returns
    -------
    float32 tensor (n, c, h, w)
    """
    h, w = images.shape[2:]
    half = min(h, w) // 3
    # As published, h counts as the first coordinate, which matters where h and w differ.
    first, second = h // 2 + half, w // 2 - half
    x0, y0, x1, y1, x2, y2 = moves.unbind(dim=1)
    # The map takes (first, second) to (first + x1, second + y1); its matrix is ((a, b), (c, d)).
    a, b = 1 + (x1 - x2) / (2 * half), (x0 - x1) / (2 * half)
    c, d = (y1 - y2) / (2 * half), 1 + (y0 - y1) / (2 * half)
    area = a * d - b * c
    area = torch.where(area == 0, torch.inf, area)
    grid = images.new_empty(len(images), h, w, 2)
    x = torch.arange(w, dtype=torch.float64) - first
    y = torch.arange(h, dtype=torch.float64) - second
    for axis, size, centre, along, across in (
        (0, w, first, d / area, -b / area),
        (1, h, second, -c / area, a / area),
    ):
        start = centre - along * x1 - across * y1
        columns = (along[:, None] * x + start[:, None]).mul_(2 / (size - 1)).sub_(1)
        rows = (across[:, None] * y).mul_(2 / (size - 1))
        columns, rows = (part.float().to(images.device) for part in (columns, rows))
        torch.add(columns[:, None], rows[:, :, None], out=grid[..., axis])
    return F.grid_sample(images, grid, padding_mode="reflection", align_corners=True)


def displaced(images: Tensor, dx: Tensor, dy: Tensor) -> Tensor:
    """Return images whose pixels are taken from `dx` and `dy` pixels away.

    Beyond its edge the image is mirrored, the edge repeated.

    Parameters
    ----------
    images : float32 tensor (n, c, h, w)
    dx, dy : float32 tensor (n, h, w)

    Returns
    -------
    float32 tensor (n, c, h, w)
    """
    h, w = images.shape[2:]
    x = (2 * torch.arange(w, device=images.device) + 1) / w - 1
    y = ((2 * torch.arange(h, device=images.device) + 1) / h - 1)[:, None]
    grid = images.new_empty(len(images), h, w, 2)
    torch.add(dx * (2 / w), x, out=grid[..., 0])
    torch.add(dy * (2 / h), y, out=grid[..., 1])
    return F.grid_sample(images, grid, padding_mode="reflection", align_corners=False)


def smooth_noise(like: Tensor, sigma: float, seeds: Tensor, stream: int) -> Tensor:
    """Return noise uniform on [-1, 1] under a Gaussian filter of the given sigma.

    The filter is cut off at 3 sigma and the noise mirrored at its edges, each edge repeated. With
    a wide filter the slow cosine waves that it lets through are drawn directly: their amplitudes
    are sums over all values, hence normal.

    Parameters
    ----------
    like : float tensor (n, c, h, w)
    sigma : float
    seeds : int64 tensor (n,)
    stream : int

    Returns
    -------
    float tensor (n, c, h, w)
    """
    h, w = like.shape[2:]
    weights = _gaussian(sigma)
    if len(weights) - 1 <= min(LARGEST_REACH, h, w):
        noise = uniform(like, seeds, stream).mul_(2).sub_(1)
        noise = _smoothed(noise, weights).mT.contiguous()
        return _smoothed(noise, weights).mT
    rows, columns = (torch.from_numpy(_waves(n, sigma)).to(like.device, like.dtype) for n in (h, w))
    amplitudes = like.new_empty(*like.shape[:2], len(rows), len(columns))
    amplitudes = standard_normal(amplitudes, seeds, stream).mul_(3**-0.5)
    strips = like.new_zeros(*like.shape[:2], len(rows), w)
    for k, wave in enumerate(columns):
        strips += amplitudes[..., k, None] * wave
    fields = torch.zeros_like(like, memory_format=torch.contiguous_format)
    for k, wave in enumerate(rows):
        fields += strips[:, :, k, None] * wave[:, None]
    return fields


def _smoothed(values: Tensor, weights: np.ndarray) -> Tensor:
    """Return values (n, c, h, w) smoothed along h with weights for a distance of 0, 1, ..."""
    h, reach = values.shape[2], len(weights) - 1
    mirrored = [values[:, :, :reach].flip(2), values, values[:, :, h - reach :].flip(2)]
    padded = torch.cat(mirrored, dim=2)
    smoothed = values * float(weights[0])
    for distance in range(1, reach + 1):
        before, after = reach - distance, reach + distance
        pair = padded[:, :, before : before + h] + padded[:, :, after : after + h]
        smoothed += pair.mul_(float(weights[distance]))
    return smoothed


@lru_cache(maxsize=16)
def _gaussian(sigma: float) -> np.ndarray:
    """Return the weights of a distance of 0, 1, ... up to 3 sigma, float64."""
    weights = np.exp(-((np.arange(int(3 * sigma + 0.5) + 1) / sigma) ** 2) / 2)
    return weights / (2 * weights.sum() - weights[0])


@lru_cache(maxsize=16)
def _waves(size: int, sigma: float) -> np.ndarray:
    """Return the orthonormal cosine waves times what the filter leaves of them, float64 (k, size).

    Mirrored with its edge repeated, a wave of this kind stays a wave of its frequency under any
    symmetric filter.
    """
    last = size * (2 * np.log(1 / LEAST_WAVE)) ** 0.5 / (np.pi * sigma)
    frequency = np.arange(min(size, int(last) + 2))[:, None] * np.pi / size
    waves = np.cos(frequency * (np.arange(size) + 0.5)) * (2 / size) ** 0.5
    waves[0] /= 2**0.5
    weights = _gaussian(sigma)
    distance = np.arange(1, len(weights))
    left = weights[0] + 2 * np.sum(weights[1:] * np.cos(frequency * distance), axis=1)
    return waves * left[:, None]

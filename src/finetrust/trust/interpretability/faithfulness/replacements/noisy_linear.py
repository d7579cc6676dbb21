"""Noisy linear imputation: a gone pixel is the weighted mean of its eight neighbours, with noise.

Rong, Leemann, Borisov, Kasneci & Kasneci, "A Consistent and Efficient Evaluation Strategy for Attribution
Methods" (ROAD), ICML 2022, arXiv:2202.00449, section 5: direct neighbours weigh 1/6, diagonal ones 1/12.
The shape of what is gone can no longer be read from a hard edge.
"""

import torch
import torch.nn.functional as F
from torch import Tensor

from finetrust.trust.interpretability.faithfulness.replacements.replacement import (
    Remover,
    replacements,
)
from finetrust.trust.trials.draws import standard_normal

NOISE = 0.01
_TOLERANCE = 1e-6
_MOST_STEPS = 2000
_STEPS_BETWEEN_CHECKS = 8
_COARSEST = 8
_GREY = 0.5
_VALUES_AT_ONCE = 1 << 18
"""What a core keeps in its own cache while it iterates: twice as fast as a batch that does not fit."""


@replacements.register("noisy_linear")
def noisy_linear(images: Tensor, seeds: Tensor) -> Remover:
    """Return a remover that interpolates, with Gaussian noise of standard deviation 0.01."""
    noise = NOISE * standard_normal(images, seeds)

    def remove(gone: Tensor) -> Tensor:
        k = len(gone)
        repeated = images.expand(k, *images.shape).flatten(0, 1)
        smooth = linear_imputation(repeated, gone.flatten(0, 1)).view(k, *images.shape)
        return torch.where(gone.unsqueeze(-3), smooth + noise, images)

    return remove


def linear_imputation(images: Tensor, gone: Tensor) -> Tensor:
    """Return `images` with every pixel that is gone equal to the weighted mean of its neighbours.

    Neighbours beyond the edge do not count. The linear system is symmetric and positive definite
    where at least one pixel is left; it is solved by conjugate gradients, each channel on its own, so
    that an image comes out the same in any batch. Where no pixel is left, all are grey (0.5).
    On photos of 224 x 224 pixels it is within 0.001 of a direct solver while half of them are left, and
    within 0.0035 while a tenth is: less than the noise, and than a step of 8 bits.

    Parameters
    ----------
    images : float tensor (n, c, h, w)
    gone : bool tensor (n, h, w)

    Returns
    -------
    float tensor (n, c, h, w)
    """
    if images.is_cuda:
        return _imputed(images, gone)
    at_once = max(1, _VALUES_AT_ONCE // images.shape[1:].numel())
    parts = zip(images.split(at_once), gone.split(at_once), strict=True)
    return torch.cat([_imputed(part, of_part) for part, of_part in parts])


def _imputed(images: Tensor, gone: Tensor) -> Tensor:
    hole = gone.repeat_interleave(images.shape[1], 0).to(images.dtype)
    planes = images.flatten(0, 1)
    found = _solved(planes * (1 - hole), hole, _coarse_start(planes, hole))
    return torch.where(gone[:, None], found.view_as(images), images)


def _coarse_start(planes: Tensor, hole: Tensor) -> Tensor:
    """Return a first guess for the holes: what the same problem yields at half the resolution.

    Conjugate gradients mend the fine structure in a few steps and the width of a large hole slowly.
    """
    left = (1 - hole).sum(dim=(1, 2), keepdim=True)
    middle = ((planes * (1 - hole)).sum(dim=(1, 2), keepdim=True) / left).where(left > 0, _GREY)
    if min(planes.shape[1:]) < _COARSEST:
        return middle * hole
    known = _pooled(1 - hole)
    half = (_pooled(planes * (1 - hole)) / known).where(known > 0, middle)
    half_hole = (known == 0).to(planes.dtype)
    half = half * (1 - half_hole) + _solved(
        half * (1 - half_hole), half_hole, _coarse_start(half, half_hole)
    )
    size = planes.shape[1:]
    enlarged = F.interpolate(half[:, None], size, mode="bilinear", align_corners=False)[:, 0]
    return enlarged * hole


def _pooled(planes: Tensor) -> Tensor:
    return F.avg_pool2d(planes[:, None], 2, ceil_mode=True)[:, 0]


def _solved(known: Tensor, hole: Tensor, start: Tensor) -> Tensor:
    """Return the values in the holes, and 0 elsewhere: float tensor (m, h, w)."""
    neighbours = _weighted(torch.ones_like(known[:1]))
    found = torch.empty_like(start)
    rows = torch.arange(len(known), device=known.device)
    inside, value = hole, start.clone()
    residual = _weighted(known + value).sub_(neighbours * value).mul_(inside)
    direction, square = residual.clone(), _dot(residual, residual)
    enough = _TOLERANCE**2 * _dot(inside, inside)
    for step in range(_MOST_STEPS):
        if step % _STEPS_BETWEEN_CHECKS == 0:
            found[rows] = value
            open_ = (square > enough).flatten()
            if not open_.any():
                break
            rows, inside, value = rows[open_], inside[open_], value[open_]
            residual, direction = residual[open_], direction[open_]
            square, enough = square[open_], enough[open_]
        applied = _weighted(direction).neg_().addcmul_(neighbours, direction).mul_(inside)
        length = _ratio(square, _dot(direction, applied))
        value.addcmul_(length, direction)
        residual.addcmul_(length, applied, value=-1)
        before, square = square, _dot(residual, residual)
        direction.mul_(_ratio(square, before)).add_(residual)
    else:
        found[rows] = value
    return found


def _weighted(planes: Tensor) -> Tensor:
    """Return the sum of the eight neighbours of each place, times 1/6, and 1/12 on the diagonals."""
    padded = F.pad(planes, (1, 1, 1, 1))
    across = padded[:, :, :-2] + padded[:, :, 2:]
    across.add_(padded[:, :, 1:-1], alpha=2)
    sums = across[:, :-2] + across[:, 2:]
    return sums.add_(across[:, 1:-1], alpha=2).sub_(planes, alpha=4).div_(12)


def _dot(one: Tensor, two: Tensor) -> Tensor:
    return (one * two).sum(dim=(1, 2), keepdim=True)


def _ratio(above: Tensor, below: Tensor) -> Tensor:
    return (above / below).where(below > 0, 0.0)

"""Poisson counts for batches of images, exact in distribution, from each item's seed.

Photon counts of an 8-bit image have one of 256 rates. Each has a table for Walker's alias method
("An efficient method for generating discrete random variables", ACM TOMS 3, 1977): a cell drawn
at random yields itself or its alias, by one comparison. What a rate exceeds its level by (an
image that was not rounded to 8 bits) is added as an independent count: a Poisson count of one
step between levels, of which each event is kept with the share of the step (thinning).
"""

from functools import lru_cache

import numpy as np
import torch
from scipy import stats
from torch import Tensor

from finetrust.trust.trials.draws import NUMBERS_AT_ONCE, random_bits, uniform

LEVELS = 255
# A value this near to a level, in levels, is on it: float32 is no nearer at k / 255.
ON_LEVEL = 1e-3
# An entry of a table: the threshold of 16 bits above, below it the bits in which alias and cell
# differ.
ALIAS_BITS = 11
# A table ends where fewer counts than this are larger.
TAIL = 1e-9


def poisson(images: Tensor, scale: float, seeds: Tensor) -> Tensor:
    """Return independent Poisson counts of the rates ``scale * images``.

    Parameters
    ----------
    images : float32 tensor (n, ...)
        In [0, 1].
    scale : float
        At most 500 (a table holds counts below 1024).
    seeds : int64 tensor (n,)

    Returns
    -------
    float32 tensor (n, ...)
        Whole numbers.
    """
    counts = torch.empty_like(images, memory_format=torch.contiguous_format)
    at_once = max(1, NUMBERS_AT_ONCE // max(images[:1].numel(), 1))
    for start in range(0, len(images), at_once):
        rows = slice(start, start + at_once)
        counts[rows] = _poisson(images[rows].contiguous(), scale, seeds[rows].to(images.device))
    return counts


def _poisson(images: Tensor, scale: float, seeds: Tensor) -> Tensor:
    position = images * LEVELS
    level = torch.round(position)
    least, largest = torch.aminmax(position.sub_(level))
    if max(-least, largest) < ON_LEVEL:
        return _of_levels(level, scale, seeds)
    level = torch.where(position <= -ON_LEVEL, level - 1, level)
    excess = images * LEVELS - level
    return _of_levels(level, scale, seeds).add_(_thinned_step(excess, scale, seeds))


def _of_levels(level: Tensor, scale: float, seeds: Tensor) -> Tensor:
    """Return Poisson counts of the rates ``scale * level / 255``, float32 as `level`."""
    tables = torch.from_numpy(alias_tables(scale)).to(level.device)
    cells = tables.shape[1]
    bits = random_bits(level[:1].numel(), seeds)
    cell = bits & (cells - 1)
    index = level.view(cell.shape).to(torch.int32).mul_(cells).bitwise_or_(cell)
    entry = torch.index_select(tables.view(-1), 0, index.view(-1)).view(cell.shape)
    draw = bits.bitwise_right_shift_(16).bitwise_and_(0xFFFF)
    # All bits set where the cell gives its alias: draw >= threshold.
    aliased = (entry >> ALIAS_BITS).sub_(1).sub_(draw).bitwise_right_shift_(31)
    differing = entry.bitwise_and_((1 << ALIAS_BITS) - 1).bitwise_and_(aliased)
    return cell.bitwise_xor_(differing).float().view(level.shape)


def _thinned_step(excess: Tensor, scale: float, seeds: Tensor) -> Tensor:
    """Return Poisson counts of the rates ``scale * excess / 255``, 0 where that is on a level."""
    step = stats.poisson(scale / LEVELS)
    most = int(step.isf(TAIL)) + 1
    draw = uniform(excess, seeds, stream=1)
    share = torch.where(excess >= ON_LEVEL, excess, 0)
    counts = torch.zeros_like(excess)
    for event in range(most):
        happened = draw >= float(step.cdf(event))
        kept = uniform(excess, seeds, stream=2 + event) < share
        counts += happened & kept
    return counts


@lru_cache(maxsize=16)
def alias_tables(scale: float) -> np.ndarray:
    """Return the tables of the 256 rates: int32 (256, cells), cells a power of two."""
    cells = 1 << int(stats.poisson.isf(TAIL, scale)).bit_length()
    rates = np.arange(LEVELS + 1) * (scale / LEVELS)
    shares = stats.poisson.pmf(np.arange(cells), rates[:, None])
    shares *= cells / shares.sum(axis=1, keepdims=True)
    return np.array([_alias_table(row) for row in shares], np.int32)


def _alias_table(shares: np.ndarray) -> list[int]:
    """Return Walker's table (in Vose's order) of shares that are 1 on average."""
    left = shares.tolist()
    aliases = list(range(len(left)))
    below = [cell for cell, share in enumerate(left) if share < 1]
    above = [cell for cell, share in enumerate(left) if share >= 1]
    while below and above:
        cell, giver = below.pop(), above[-1]
        aliases[cell] = giver
        left[giver] -= 1 - left[cell]
        if left[giver] < 1:
            below.append(above.pop())
    return [
        round(min(max(share, 0), 1) * 65536) << ALIAS_BITS | alias ^ cell
        for cell, (share, alias) in enumerate(zip(left, aliases, strict=True))
    ]

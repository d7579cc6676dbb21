"""Gaussian noise for many copies of many images, by each item's seed and the number of the copy."""

import math

import torch
from torch import Tensor

from finetrust.trust.trials.draws import random_bits

_COPIES = 1 << 24
_RADIUS, _ANGLE = 0, 1


def gaussian(images: Tensor, seeds: Tensor, copies: Tensor) -> Tensor:
    """Return independent standard normal values shaped as `images`.

    By the polar form of Box & Muller 1958 from integers of 31 bits, so that the distribution is normal
    up to rounding and the tails reach 6.66.

    Parameters
    ----------
    images : float tensor (n, ...)
    seeds : int64 tensor (n,)
        Of the items, below 2**32.
    copies : int64 tensor (n,)
        Which copy of its item each is, below 2**24: another copy has other noise.

    Returns
    -------
    float tensor (n, ...)
        The same for a seed and a copy in any batch.
    """
    keys = (seeds * _COPIES + copies).to(images.device)
    count = images[:1].numel()
    half = -(-count // 2)
    radius = (-2 * _open_uniform(random_bits(half, keys, _RADIUS)).log()).sqrt()
    angle = 2 * math.pi * _open_uniform(random_bits(half, keys, _ANGLE))
    noise = torch.cat([radius * angle.cos(), radius * angle.sin()], dim=1)[:, :count]
    return noise.to(images.dtype).view(images.shape)


def _open_uniform(bits: Tensor) -> Tensor:
    """Return random int32 as float32 in (0, 1], none of them 0; small ones are as fine as large ones."""
    return (bits.bitwise_and_(0x7FFFFFFF).float() + 0.5) * 2.0**-31

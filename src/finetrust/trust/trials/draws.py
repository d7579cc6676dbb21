"""Random numbers for batches of images that depend on each item's seed alone.

Counter-based (Salmon et al., "Parallel random numbers: as easy as 1, 2, 3", SC 2011): the i-th
number of an item is a hash of i and the item's seed, so that a whole batch is drawn by a few
integer operations and the numbers are the same, bit for bit, in any batch and on any device.
The hash mixes 32 bits by multiplication and shift (the finaliser of MurmurHash3, with the
constants of Wellons, "Prospecting for hash functions", 2018).
"""

from collections.abc import Iterator
from functools import lru_cache

import numpy as np
import torch
from scipy import special
from torch import Tensor

# How many numbers are made at a time: they stay in the cache of a core from step to step.
NUMBERS_AT_ONCE = 1 << 17
QUANTILES = 1 << 16


def random_bits(count: int, seeds: Tensor, stream: int = 0) -> Tensor:
    """Return `count` random integers of 32 bits for each seed.

    Parameters
    ----------
    count : int
    seeds : int64 tensor (n,)
    stream : int
        Another number gives other integers, independent of these, for the same seed.

    Returns
    -------
    int32 tensor (n, count)
        Uniform on all 2**32 values; on the device of `seeds`.
    """
    bits = torch.empty(len(seeds), count, dtype=torch.int32, device=seeds.device)
    counters, keys = _mixed_counters(count, seeds.device), _keys(seeds, stream)
    for rows in _parts(len(seeds), count):
        _hash(counters, keys, rows, out=bits[rows])
    return bits


def uniform(like: Tensor, seeds: Tensor, stream: int = 0) -> Tensor:
    """Return independent values uniform on [0, 1), multiples of 2**-24, shaped as `like`.

    Parameters
    ----------
    like : float32 or float64 tensor (n, ...)
    seeds : int64 tensor (n,)
    stream : int
        See :func:`random_bits`.

    Returns
    -------
    float32 or float64 tensor (n, ...)
        Of the type and on the device of `like`.
    """
    seeds = seeds.to(like.device)
    bits = random_bits(like[:1].numel(), seeds, stream)
    values = bits.bitwise_right_shift_(8).bitwise_and_(0xFFFFFF).to(like.dtype)
    return values.mul_(2.0**-24).view(like.shape)


def standard_normal(like: Tensor, seeds: Tensor, stream: int = 0) -> Tensor:
    """Return independent standard normal values shaped as `like`.

    Each is one of 65,536 equally probable quantiles (the largest is 4.3) with a variance of
    exactly 1: the distribution function is off by at most 2**-17.

    Parameters
    ----------
    like : float tensor (n, ...)
    seeds : int64 tensor (n,)
    stream : int
        See :func:`random_bits`.

    Returns
    -------
    float tensor (n, ...)
        Of the type and on the device of `like`.
    """
    seeds = seeds.to(like.device)
    count = like[:1].numel()
    # Two indices of 16 bits from each integer.
    width = -(-count // 2)
    counters, keys = _mixed_counters(width, seeds.device), _keys(seeds, stream)
    table = torch.from_numpy(_normal_quantiles()).to(like.device, like.dtype)
    noise = torch.empty(len(seeds), count, dtype=like.dtype, device=like.device)
    for rows in _parts(len(seeds), width):
        part = noise[rows]
        bits = counters.new_empty(len(part), width)
        _hash(counters, keys, rows, out=bits)
        index = bits.view(torch.int16)[:, :count].to(torch.int32).bitwise_and_(0xFFFF)
        torch.index_select(table, 0, index.view(-1), out=part.view(-1))
    return noise.view(like.shape)


def _parts(items: int, count: int) -> Iterator[slice]:
    """Yield the rows of items that are worked on at a time, each of `count` numbers."""
    at_once = max(1, NUMBERS_AT_ONCE // max(count, 1))
    for start in range(0, items, at_once):
        yield slice(start, start + at_once)


def _hash(counters: Tensor, keys: tuple[Tensor, Tensor], rows: slice, out: Tensor) -> None:
    factor, offset = keys
    torch.bitwise_xor(counters, offset[rows], out=out).mul_(factor[rows])
    shifted = torch.empty_like(out)
    _shift_xor(out, 16, shifted)
    _shift_xor(out.mul_(0x7FEB352D), 15, shifted)


@lru_cache(maxsize=1)
def _normal_quantiles() -> np.ndarray:
    quantiles = special.ndtri((np.arange(QUANTILES) + 0.5) / QUANTILES)
    return (quantiles / quantiles.std()).astype(np.float32)


@lru_cache(maxsize=8)
def _mixed_counters(count: int, device: torch.device) -> Tensor:
    """Return hashes of 0, 1, ..., int32 (count,), which all items start from."""
    counters = torch.arange(count, dtype=torch.int32, device=device)
    shifted = torch.empty_like(counters)
    _shift_xor(counters.mul_(0x7FEB352D), 15, shifted)
    _shift_xor(counters.mul_(_signed(0x846CA68B)), 16, shifted)
    return counters


def _keys(seeds: Tensor, stream: int) -> tuple[Tensor, Tensor]:
    """Return an odd factor and an offset for each seed by splitmix64, int32 tensors (n, 1)."""
    state = seeds + _signed64(0x9E3779B97F4A7C15 * (stream + 1))
    for shift, factor in ((30, 0xBF58476D1CE4E5B9), (27, 0x94D049BB133111EB), (31, 1)):
        state = (state ^ ((state >> shift) & (2 ** (64 - shift) - 1))) * _signed64(factor)
    halves = state[:, None].view(torch.int32)
    return halves[:, :1] | 1, halves[:, 1:]


def _shift_xor(values: Tensor, shift: int, shifted: Tensor) -> None:
    """Do ``values ^= values >> shift`` for unsigned integers kept as int32, in given memory."""
    torch.bitwise_right_shift(values, shift, out=shifted)
    values.bitwise_xor_(shifted.bitwise_and_((1 << (32 - shift)) - 1))


def _signed(unsigned: int) -> int:
    """Return the int32 of the same 32 bits."""
    return (unsigned & 0xFFFFFFFF ^ 0x80000000) - 0x80000000


def _signed64(unsigned: int) -> int:
    """Return the int64 of the same 64 bits."""
    return (unsigned & (2**64 - 1) ^ 2**63) - 2**63

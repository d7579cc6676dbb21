"""Random numbers for batches of images that depend on each item's seed alone."""

import torch
from torch import Tensor


def standard_normal(like: Tensor, seeds: Tensor) -> Tensor:
    """Return independent standard normal values shaped as `like`, one generator an item.

    Parameters
    ----------
    like : float tensor (n, ...)
    seeds : int64 tensor (n,)

    Returns
    -------
    float tensor (n, ...)
        Of the type and on the device of `like`; another device draws other numbers.
    """
    noise = torch.empty_like(like, memory_format=torch.contiguous_format)
    generator = torch.Generator(like.device)
    for values, seed in zip(noise, seeds.tolist(), strict=True):
        values.normal_(generator=generator.manual_seed(seed))
    return noise

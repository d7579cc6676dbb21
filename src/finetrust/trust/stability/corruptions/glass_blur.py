"""Glass blur (Hendrycks & Dietterich 2019, section 3)."""

import torch
from torch import Tensor

from finetrust.trust.stability.corruptions.catalogue import corruption
from finetrust.trust.stability.corruptions.gaussian_filter import gaussian_filter
from finetrust.trust.stability.corruptions.parts import in_parts
from finetrust.trust.trials.draws import random_bits


@corruption(
    "glass_blur",
    family="blur",
    small=((0.05, 1, 1), (0.25, 1, 1), (0.4, 1, 1), (0.25, 1, 2), (0.4, 1, 2)),
    large=((0.7, 1, 2), (0.9, 2, 1), (1.0, 2, 3), (1.1, 3, 2), (1.5, 4, 2)),
)
@in_parts
def glass_blur(images: Tensor, parameter: tuple[float, int, int], seeds: Tensor) -> Tensor:
    """Smooth, shuffle pixels with random neighbours a number of times, and smooth again."""
    sigma, reach, times = parameter
    height, width = images.shape[-2:]
    values = gaussian_filter(images, sigma).flatten(2)
    sources = None
    for i in range(times):
        steps = random_steps(height * width, reach, seeds.to(images.device), stream=i)
        down, right = (step.view(-1, height, width) for step in steps)
        latest = shuffled(down, right, reach)
        sources = latest if sources is None else sources.gather(1, latest)
    if sources is not None:
        values = values.gather(2, sources[:, None].expand(values.shape))
    return gaussian_filter(values.view(images.shape), sigma)


def random_steps(count: int, reach: int, seeds: Tensor, stream: int) -> tuple[Tensor, Tensor]:
    """Return steps down and to the right, uniform on -reach to reach - 1: int32 (n, count)."""
    bits = random_bits(count, seeds, stream)
    halves = bits & 0xFFFF, (bits >> 16) & 0xFFFF
    down, right = ((half * (2 * reach) >> 16) - reach for half in halves)
    return down, right


def shuffled(down: Tensor, right: Tensor, reach: int) -> Tensor:
    """Return from where each pixel has its value after one run of the published shuffle.

    The published program goes through the pixels from the last to the first, leaving out a rim,
    and exchanges each with the neighbour at (down, right) by ``x[p], x[q] = x[q], x[p]``. Both
    sides are views of one array, so that in effect p takes the value of q and q keeps its own.
    Hence the value of p is the value that q has at that moment: the original one if q comes later
    or is never visited, and else what q itself has taken. Following such chains to their end
    gives the same image as the sequential program; they are followed for all pixels at a time by
    doubling: each look-up joins two stretches of a chain.

    Parameters
    ----------
    down, right : int tensor (n, h, w)
        The neighbour of each pixel, between -reach and reach - 1.
    reach : int

    Returns
    -------
    int64 tensor (n, h * w)
        Flat positions in the image.
    """
    n, height, width = down.shape
    pixels = height * width
    y = torch.arange(height, device=down.device)[:, None]
    x = torch.arange(width, device=down.device)
    place = y * width + x
    inside = (y > reach) & (y <= height - reach) & (x > reach) & (x <= width - reach)
    taken_y, taken_x = y + down * inside, x + right * inside
    taken = taken_y * width + taken_x
    # Of the neighbours, those before which the program has been have taken a value themselves.
    visited = inside & (taken > place)
    visited &= (taken_y <= height - reach) & (taken_x > reach) & (taken_x <= width - reach)
    # The first half of the places stands for original values, the second for taken ones.
    sources = (taken + pixels * visited).flatten(1)
    originals = place.flatten().expand(n, pixels)
    while (sources >= pixels).any():
        sources = torch.cat([originals, sources], 1).gather(1, sources)
    return sources

"""Spatter (Hendrycks & Dietterich 2019, appendix B): drops of water or of mud on the lens."""

import torch
from torch import Tensor
from torch.nn.functional import pad

from finetrust.trust.stability.corruptions.canny import canny
from finetrust.trust.stability.corruptions.catalogue import corruption
from finetrust.trust.stability.corruptions.chamfer_distance import UNIT_BITS, chamfer_distance
from finetrust.trust.stability.corruptions.gaussian_filter import gaussian_filter
from finetrust.trust.stability.corruptions.parts import in_parts
from finetrust.trust.trials.draws import standard_normal

Parameter = tuple[float, float, float, float, float, int]

WATER = (175 / 255, 238 / 255, 238 / 255)
MUD = (63 / 255, 42 / 255, 20 / 255)
# Of the distance from the edge of a drop, in pixels, what is further inside is as far.
FARTHEST = 20
BOX = ((1, 1, 1), (1, 1, 1), (1, 1, 1))
# Light falls on a drop from one corner.
RELIEF = ((-2, -1, 0), (-1, 1, 1), (0, 1, 2))


@corruption(
    "spatter",
    family="weather",
    extra=True,
    small=(
        (0.62, 0.1, 0.7, 0.7, 0.5, 0),
        (0.65, 0.1, 0.8, 0.7, 0.5, 0),
        (0.65, 0.3, 1.0, 0.69, 0.5, 0),
        (0.65, 0.1, 0.7, 0.69, 0.6, 1),
        (0.65, 0.1, 0.5, 0.68, 0.6, 1),
    ),
    large=(
        (0.65, 0.3, 4.0, 0.69, 0.6, 0),
        (0.65, 0.3, 3.0, 0.68, 0.6, 0),
        (0.65, 0.3, 2.0, 0.68, 0.5, 0),
        (0.65, 0.3, 1.0, 0.65, 1.5, 1),
        (0.67, 0.4, 1.0, 0.65, 1.5, 1),
    ),
)
@in_parts
def spatter(images: Tensor, parameter: Parameter, seeds: Tensor) -> Tensor:
    """Put shining water on the image where smoothed noise is high, or mud, which hides it."""
    mean, deviation, sigma, threshold, strength, muddy = parameter
    noise = standard_normal(images[:, :1], seeds).mul_(deviation).add_(mean)
    liquid = gaussian_filter(noise, sigma)
    colour = images.new_tensor(MUD if muddy else WATER)[:, None, None]
    if muddy:
        covered = gaussian_filter((liquid > threshold).to(images.dtype), strength)
        covered = covered.where(covered >= 0.8, 0)
        return (1 - covered).mul(images).add_(covered * colour)
    levels = (liquid.where(liquid >= threshold, 0) * 255).clamp_(max=255).int()
    return (light_on_water(levels[:, 0])[:, None] * strength * colour).add_(images)


def light_on_water(liquid: Tensor) -> Tensor:
    """Return how much light comes back from each pixel of the water.

    As published, in whole steps of an 8-bit image: the distance from the edge of the drop,
    equalised, lit from a corner, and multiplied by the amount of water.

    Parameters
    ----------
    liquid : int32 tensor (n, h, w)
        Amount of water, 0 to 255.

    Returns
    -------
    float tensor (n, h, w)
        The most of each image is 1; where there is no light, 0.
    """
    distance = chamfer_distance(canny(liquid, 50, 150), FARTHEST)
    mean = _neighbourhood(distance, BOX).bitwise_right_shift_(UNIT_BITS).div(9).floor_()
    lit = _neighbourhood(equalised(mean.int()), RELIEF).clamp_(0, 255)
    light = _neighbourhood(lit, BOX).div(9).round_().mul_(liquid)
    return light / light.amax(dim=(1, 2), keepdim=True).clamp_(min=1)


def equalised(depth: Tensor) -> Tensor:
    """Return levels spread by their rank over 0 to 255, as ``cv2.equalizeHist``.

    Parameters
    ----------
    depth : int32 tensor (n, h, w)
        0 to 20.

    Returns
    -------
    int32 tensor (n, h, w)
    """
    levels = FARTHEST + 1
    items = torch.arange(len(depth), device=depth.device)[:, None]
    counts = torch.bincount(
        (depth.flatten(1) + items * levels).flatten(), minlength=items.numel() * levels
    )
    counts = counts.view(-1, levels)
    up_to = counts.cumsum(dim=1)
    lowest = (counts > 0).int().argmax(dim=1, keepdim=True)
    first, total = counts.gather(1, lowest), up_to[:, -1:]
    scale = 255 / (total - first).clamp_(min=1).float()
    table = ((up_to - first).clamp_(min=0) * scale).round_().int()
    table = table.where(first < total, lowest.int())
    return table.gather(1, depth.flatten(1).long()).view(depth.shape)


def _neighbourhood(levels: Tensor, weights: tuple[tuple[int, ...], ...]) -> Tensor:
    """Return the weighted sum of 3 x 3 pixels around each, the image mirrored at its edges."""
    height, width = levels.shape[1:]
    # Padding by reflection is written for floats; these levels, below 2**24, stay exact.
    padded = pad(levels.float(), (1, 1, 1, 1), mode="reflect").int()
    total = torch.zeros_like(levels)
    for y, row in enumerate(weights):
        for x, weight in enumerate(row):
            if weight:
                total.add_(padded[:, y : y + height, x : x + width], alpha=weight)
    return total

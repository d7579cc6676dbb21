"""Digital corruptions (Hendrycks & Dietterich 2019, section 3)."""

import torch
from torch import Tensor

from finetrust.trust.stability.corruptions.catalogue import corruption

# Keeps 0 / 0 from becoming NaN; far below the smallest difference of float32 values near 1/255.
TINY = 1e-30


@corruption(
    "contrast",
    family="digital",
    small=(0.75, 0.5, 0.4, 0.3, 0.15),
    large=(0.4, 0.3, 0.2, 0.1, 0.05),
)
def contrast(images: Tensor, kept: float, seeds: Tensor) -> Tensor:
    """Keep the given part of each value's distance from the mean of its channel."""
    mean = pixel_mean(images)
    return images.sub(mean).mul_(kept).add_(mean)


def pixel_mean(images: Tensor) -> Tensor:
    """Return the mean of each channel of float tensor (n, c, h, w): float tensor (n, c, 1, 1).

    Summed pairwise in an order that depends on h and w only; ``Tensor.mean`` may split its work
    by the size of the batch and then round differently.
    """
    values = images.flatten(2)
    pixels = values.shape[2]
    while (length := values.shape[2]) > 1:
        half = length // 2
        summed = values[..., :half] + values[..., half : 2 * half]
        if length % 2:
            summed[..., 0] += values[..., -1]
        values = summed
    return (values / pixels).unsqueeze(3)


@corruption(
    "saturate",
    family="digital",
    small=((0.3, 0.0), (0.1, 0.0), (1.5, 0.0), (2.0, 0.1), (2.5, 0.2)),
    large=((0.3, 0.0), (0.1, 0.0), (2.0, 0.0), (5.0, 0.1), (20.0, 0.2)),
    extra=True,
)
def saturate(images: Tensor, parameter: tuple[float, float], seeds: Tensor) -> Tensor:
    """Multiply the saturation S of hue, saturation and value (HSV), and shift it.

    With hue and value V held, the distances of red, green and blue from V are proportional to S.
    Grey has no hue: as published, it counts as red.
    """
    factor, shift = parameter
    red, green, blue = images.unbind(dim=1)
    value = torch.maximum(torch.maximum(red, green), blue)
    chroma = value - torch.minimum(torch.minimum(red, green), blue)
    saturation = (chroma / value.clamp(min=TINY)).mul_(factor).add_(shift).clamp_(max=1)
    distance = saturation.mul_(value)
    gain = (distance / chroma.clamp(min=TINY))[:, None]
    value = value[:, None]
    saturated = (value - images).mul_(gain)
    if shift:
        saturated[:, 1:] += distance[:, None] * (chroma == 0)[:, None]
    return torch.sub(value, saturated, out=saturated)

"""Digital corruptions (Hendrycks & Dietterich 2019, section 3)."""

from torch import Tensor

from finetrust.trust.stability.corruptions.catalogue import corruption


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

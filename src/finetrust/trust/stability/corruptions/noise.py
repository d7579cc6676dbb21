"""Noise corruptions (Hendrycks & Dietterich 2019, section 3)."""

from torch import Tensor

from finetrust.trust.stability.corruptions.catalogue import corruption
from finetrust.trust.stability.corruptions.draws import standard_normal


@corruption(
    "gaussian_noise",
    family="noise",
    small=(0.04, 0.06, 0.08, 0.09, 0.10),
    large=(0.08, 0.12, 0.18, 0.26, 0.38),
)
def gaussian_noise(images: Tensor, deviation: float, seeds: Tensor) -> Tensor:
    """Add independent normal noise with the given standard deviation to every value."""
    return standard_normal(images, seeds).mul_(deviation).add_(images)

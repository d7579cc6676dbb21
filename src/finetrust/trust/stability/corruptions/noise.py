"""Noise corruptions (Hendrycks & Dietterich 2019, section 3)."""

import torch
from torch import Tensor
from torch.nn.functional import hardshrink

from finetrust.trust.stability.corruptions.catalogue import corruption
from finetrust.trust.stability.corruptions.poisson import poisson
from finetrust.trust.trials.draws import random_bits, standard_normal


@corruption(
    "gaussian_noise",
    family="noise",
    small=(0.04, 0.06, 0.08, 0.09, 0.10),
    large=(0.08, 0.12, 0.18, 0.26, 0.38),
)
def gaussian_noise(images: Tensor, deviation: float, seeds: Tensor) -> Tensor:
    """Add independent normal noise with the given standard deviation to every value."""
    return standard_normal(images, seeds).mul_(deviation).add_(images)


@corruption(
    "shot_noise",
    family="noise",
    small=(500, 250, 100, 75, 50),
    large=(60, 25, 12, 5, 3),
)
def shot_noise(images: Tensor, photons: float, seeds: Tensor) -> Tensor:
    """Replace every value by a Poisson count of which white has `photons` on average."""
    return poisson(images, photons, seeds).mul_(1 / photons)


@corruption(
    "impulse_noise",
    family="noise",
    small=(0.01, 0.02, 0.03, 0.05, 0.07),
    large=(0.03, 0.06, 0.09, 0.17, 0.27),
)
def impulse_noise(images: Tensor, amount: float, seeds: Tensor) -> Tensor:
    """Set the given part of all values to 0 or 1, either half of the time."""
    bits = random_bits(images[:1].numel(), seeds.to(images.device))
    # Uniform on -2**31 to 2**31; the outer parts stay and lie far beyond white and black.
    impulses = hardshrink(bits.to(torch.float32), (1 - amount) * 2.0**31)
    return impulses.view(images.shape).add_(images)


@corruption(
    "speckle_noise",
    family="noise",
    small=(0.06, 0.1, 0.12, 0.16, 0.2),
    large=(0.15, 0.2, 0.35, 0.45, 0.6),
    extra=True,
)
def speckle_noise(images: Tensor, deviation: float, seeds: Tensor) -> Tensor:
    """Add normal noise whose standard deviation is the given part of each value."""
    return standard_normal(images, seeds).mul_(deviation).add_(1).mul_(images)

"""The corruptions as published, written anew in NumPy from the definitions of the paper.

Hendrycks & Dietterich, "Benchmarking Neural Network Robustness to Common Corruptions and
Perturbations", ICLR 2019: images (h, w, 3) with values in [0, 1], one at a time; the parameters
of severity 1 to 5 are those of CIFAR-10-C (32 pixels) and of ImageNet-C (224 pixels).
"""

import colorsys
from typing import Any

import numpy as np
from scipy import ndimage

CIFAR_C: dict[str, tuple[Any, ...]] = {
    "gaussian_noise": (0.04, 0.06, 0.08, 0.09, 0.10),
    "defocus_blur": ((0.3, 0.4), (0.4, 0.5), (0.5, 0.6), (1, 0.2), (1.5, 0.1)),
    "brightness": (0.05, 0.1, 0.15, 0.2, 0.3),
    "contrast": (0.75, 0.5, 0.4, 0.3, 0.15),
}
IMAGENET_C: dict[str, tuple[Any, ...]] = {
    "gaussian_noise": (0.08, 0.12, 0.18, 0.26, 0.38),
    "defocus_blur": ((3, 0.1), (4, 0.5), (6, 0.5), (8, 0.5), (10, 0.5)),
    "brightness": (0.1, 0.2, 0.3, 0.4, 0.5),
    "contrast": (0.4, 0.3, 0.2, 0.1, 0.05),
}


def parameter(name: str, severity: int, image: np.ndarray) -> Any:
    """Return the published parameter for the size of the image."""
    return (CIFAR_C if len(image) < 64 else IMAGENET_C)[name][severity - 1]


def gaussian_noise(image: np.ndarray, deviation: float, rng: np.random.Generator) -> np.ndarray:
    return np.clip(image + rng.normal(size=image.shape, scale=deviation), 0, 1)


def defocus_blur(image: np.ndarray, radius_and_sigma: tuple[float, float]) -> np.ndarray:
    kernel = disk(*radius_and_sigma)
    channels = [ndimage.correlate(image[..., c], kernel, mode="mirror") for c in range(3)]
    return np.clip(np.stack(channels, axis=-1), 0, 1)


def disk(radius: float, sigma: float) -> np.ndarray:
    """Return a disk smoothed by a Gaussian of 3 x 3 taps, or of 5 x 5 above radius 8."""
    reach, taps = (8, 3) if radius <= 8 else (int(radius), 5)
    x, y = np.meshgrid(np.arange(-reach, reach + 1), np.arange(-reach, reach + 1))
    sharp = np.array(x**2 + y**2 <= radius**2, dtype=float)
    sharp /= sharp.sum()
    gaussian = np.exp(-((np.arange(taps) - taps // 2) ** 2) / (2 * sigma**2))
    gaussian /= gaussian.sum()
    return ndimage.correlate(sharp, np.outer(gaussian, gaussian), mode="mirror")


def brightness(image: np.ndarray, shift: float) -> np.ndarray:
    brighter = np.empty_like(image)
    for place in np.ndindex(image.shape[:2]):
        hue, saturation, value = colorsys.rgb_to_hsv(*image[place])
        brighter[place] = colorsys.hsv_to_rgb(hue, saturation, min(max(value + shift, 0), 1))
    return np.clip(brighter, 0, 1)


def contrast(image: np.ndarray, kept: float) -> np.ndarray:
    means = np.mean(image, axis=(0, 1), keepdims=True)
    return np.clip((image - means) * kept + means, 0, 1)

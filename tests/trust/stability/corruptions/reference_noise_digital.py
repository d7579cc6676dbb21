"""Noise and digital corruptions as published, one image at a time, by NumPy, SciPy, OpenCV, Pillow.

Written anew after the published recipe (Hendrycks & Dietterich, "Benchmarking Neural Network
Robustness to Common Corruptions and Perturbations", ICLR 2019; CIFAR-10-C and ImageNet-C) with the
libraries that it used; what it took from scikit-image (Gaussian filter, salt and pepper, HSV) is
written out. Images are float64 arrays (h, w, 3) in [0, 1] of whole 8-bit values.
"""

import io
from typing import Any

import cv2
import numpy as np
from PIL import Image
from scipy import ndimage

CIFAR_C: dict[str, tuple[Any, ...]] = {
    "shot_noise": (500, 250, 100, 75, 50),
    "impulse_noise": (0.01, 0.02, 0.03, 0.05, 0.07),
    "speckle_noise": (0.06, 0.1, 0.12, 0.16, 0.2),
    "elastic_transform": tuple(
        (32 * scale, 32 * sigma, 32 * farthest)
        for scale, sigma, farthest in (
            (0, 0, 0.08),
            (0.05, 0.2, 0.07),
            (0.08, 0.06, 0.06),
            (0.1, 0.04, 0.05),
            (0.1, 0.03, 0.03),
        )
    ),
    "pixelate": (0.95, 0.9, 0.85, 0.75, 0.65),
    "jpeg_compression": (80, 65, 58, 50, 40),
    "saturate": ((0.3, 0), (0.1, 0), (1.5, 0), (2, 0.1), (2.5, 0.2)),
}
IMAGENET_C: dict[str, tuple[Any, ...]] = {
    "shot_noise": (60, 25, 12, 5, 3),
    "impulse_noise": (0.03, 0.06, 0.09, 0.17, 0.27),
    "speckle_noise": (0.15, 0.2, 0.35, 0.45, 0.6),
    "elastic_transform": tuple(
        (244 * scale, 244 * sigma, 244 * farthest)
        for scale, sigma, farthest in (
            (2, 0.7, 0.1),
            (2, 0.08, 0.2),
            (0.05, 0.01, 0.02),
            (0.07, 0.01, 0.02),
            (0.12, 0.01, 0.02),
        )
    ),
    "pixelate": (0.6, 0.5, 0.4, 0.3, 0.25),
    "jpeg_compression": (25, 18, 15, 10, 7),
    "saturate": ((0.3, 0), (0.1, 0), (2, 0), (5, 0.1), (20, 0.2)),
}


def shot_noise(image: np.ndarray, photons: float, rng: np.random.Generator) -> np.ndarray:
    return np.clip(rng.poisson(image * photons) / photons, 0, 1)


def impulse_noise(image: np.ndarray, amount: float, rng: np.random.Generator) -> np.ndarray:
    hit = rng.random(image.shape) < amount
    salt = rng.random(image.shape) < 0.5
    noisy = image.copy()
    noisy[hit & salt] = 1
    noisy[hit & ~salt] = 0
    return noisy


def speckle_noise(image: np.ndarray, deviation: float, rng: np.random.Generator) -> np.ndarray:
    return np.clip(image + image * rng.normal(size=image.shape, scale=deviation), 0, 1)


def elastic_transform(
    image: np.ndarray, parameter: tuple[float, float, float], rng: np.random.Generator
) -> np.ndarray:
    scale, sigma, farthest = parameter
    image = affine(image.astype(np.float32), rng.uniform(-farthest, farthest, size=(3, 2)))
    dx, dy = (displacement(image.shape[:2], scale, sigma, rng) for _ in range(2))
    return np.clip(displaced(image, dx, dy), 0, 1)


def affine(image: np.ndarray, moves: np.ndarray) -> np.ndarray:
    shape = image.shape[:2]
    centre = np.float32(shape) // 2
    half = min(shape) // 3
    corners = np.float32([centre + half, [centre[0] + half, centre[1] - half], centre - half])
    matrix = cv2.getAffineTransform(corners, corners + moves.astype(np.float32))
    return cv2.warpAffine(image, matrix, shape[::-1], borderMode=cv2.BORDER_REFLECT_101)


def displaced(image: np.ndarray, dx: np.ndarray, dy: np.ndarray) -> np.ndarray:
    shape = image.shape
    x, y, z = np.meshgrid(np.arange(shape[1]), np.arange(shape[0]), np.arange(shape[2]))
    places = (y + dy[..., None], x + dx[..., None], z)
    places = [np.reshape(axis, (-1, 1)) for axis in places]
    return ndimage.map_coordinates(image, places, order=1, mode="reflect").reshape(shape)


def displacement(
    shape: tuple[int, ...], scale: float, sigma: float, rng: np.random.Generator
) -> np.ndarray:
    noise = rng.uniform(-1, 1, size=shape)
    return (ndimage.gaussian_filter(noise, sigma, mode="reflect", truncate=3) * scale).astype(
        np.float32
    )


def pixelate(image: np.ndarray, kept: float) -> np.ndarray:
    return np.asarray(pixelated(picture(image), kept)) / 255


def pixelated(image: Image.Image, kept: float) -> Image.Image:
    w, h = image.size
    small = image.resize((int(w * kept), int(h * kept)), Image.Resampling.BOX)
    return small.resize((w, h), Image.Resampling.BOX)


def jpeg_compression(image: np.ndarray, quality: int) -> np.ndarray:
    return np.asarray(compressed(picture(image), quality)) / 255


def compressed(image: Image.Image, quality: int) -> Image.Image:
    file = io.BytesIO()
    image.save(file, "JPEG", quality=quality)
    return Image.open(file)


def saturate(image: np.ndarray, parameter: tuple[float, float]) -> np.ndarray:
    hsv = hsv_of(image)
    hsv[..., 1] = np.clip(hsv[..., 1] * parameter[0] + parameter[1], 0, 1)
    return np.clip(rgb_of(hsv), 0, 1)


def picture(image: np.ndarray) -> Image.Image:
    return Image.fromarray(np.round(image * 255).astype(np.uint8))


def hsv_of(image: np.ndarray) -> np.ndarray:
    """Return hue, saturation and value, each in [0, 1]; grey has hue 0."""
    red, green, blue = np.moveaxis(image, -1, 0)
    value = image.max(axis=-1)
    chroma = np.ptp(image, axis=-1)
    with np.errstate(divide="ignore", invalid="ignore"):
        saturation = np.where(chroma == 0, 0, chroma / value)
        sector = np.select(
            [blue == value, green == value],
            [4 + (red - green) / chroma, 2 + (blue - red) / chroma],
            (green - blue) / chroma,
        )
    hue = np.where(chroma == 0, 0, sector / 6 % 1)
    return np.stack([hue, saturation, value], axis=-1)


def rgb_of(hsv: np.ndarray) -> np.ndarray:
    hue, saturation, value = np.moveaxis(hsv, -1, 0)
    sector = np.floor(hue * 6)
    rest = hue * 6 - sector
    low = value * (1 - saturation)
    falling = value * (1 - rest * saturation)
    rising = value * (1 - (1 - rest) * saturation)
    choices = (
        (value, rising, low),
        (falling, value, low),
        (low, value, rising),
        (low, falling, value),
        (rising, low, value),
        (value, low, falling),
    )
    stacked = [np.stack(choice, axis=-1) for choice in choices]
    return np.choose(sector.astype(int)[..., None] % 6, stacked)

"""Blur and weather as published, written anew in NumPy, SciPy and OpenCV, one image at a time.

Hendrycks & Dietterich 2019, by the programs that made CIFAR-10-C and ImageNet-C. Images are float
arrays (h, w, 3) in [0, 1]. The programs called ImageMagick for motion; what it computes is written
out in :func:`motion`. Every random number is drawn before the arithmetic, so that a test can give
the same ones to either side.
"""

from collections.abc import Callable
from typing import Any

import cv2
import numpy as np
from scipy import ndimage

CIFAR_C: dict[str, tuple[Any, ...]] = {
    "glass_blur": ((0.05, 1, 1), (0.25, 1, 1), (0.4, 1, 1), (0.25, 1, 2), (0.4, 1, 2)),
    "motion_blur": ((6, 1), (6, 1.5), (6, 2), (8, 2), (9, 2.5)),
    "zoom_blur": ((1.06, 0.01), (1.11, 0.01), (1.16, 0.01), (1.21, 0.01), (1.26, 0.01)),
    "gaussian_blur": (0.4, 0.6, 0.7, 0.8, 1),
    "snow": (
        (0.1, 0.2, 1, 0.6, 8, 3, 0.95),
        (0.1, 0.2, 1, 0.5, 10, 4, 0.9),
        (0.15, 0.3, 1.75, 0.55, 10, 4, 0.9),
        (0.25, 0.3, 2.25, 0.6, 12, 6, 0.85),
        (0.3, 0.3, 1.25, 0.65, 14, 12, 0.8),
    ),
    "frost": ((1, 0.2), (1, 0.3), (0.9, 0.4), (0.85, 0.4), (0.75, 0.45)),
    "fog": ((0.2, 3), (0.5, 3), (0.75, 2.5), (1, 2), (1.5, 1.75)),
    "spatter": (
        (0.62, 0.1, 0.7, 0.7, 0.5, 0),
        (0.65, 0.1, 0.8, 0.7, 0.5, 0),
        (0.65, 0.3, 1, 0.69, 0.5, 0),
        (0.65, 0.1, 0.7, 0.69, 0.6, 1),
        (0.65, 0.1, 0.5, 0.68, 0.6, 1),
    ),
}
IMAGENET_C: dict[str, tuple[Any, ...]] = {
    "glass_blur": ((0.7, 1, 2), (0.9, 2, 1), (1, 2, 3), (1.1, 3, 2), (1.5, 4, 2)),
    "motion_blur": ((10, 3), (15, 5), (15, 8), (15, 12), (20, 15)),
    "zoom_blur": ((1.11, 0.01), (1.16, 0.01), (1.21, 0.02), (1.26, 0.02), (1.31, 0.03)),
    "gaussian_blur": (1, 2, 3, 4, 6),
    "snow": (
        (0.1, 0.3, 3, 0.5, 10, 4, 0.8),
        (0.2, 0.3, 2, 0.5, 12, 4, 0.7),
        (0.55, 0.3, 4, 0.9, 12, 8, 0.7),
        (0.55, 0.3, 4.5, 0.85, 12, 8, 0.65),
        (0.55, 0.3, 2.5, 0.85, 12, 12, 0.55),
    ),
    "frost": ((1, 0.4), (0.8, 0.6), (0.7, 0.7), (0.65, 0.7), (0.6, 0.75)),
    "fog": ((1.5, 2), (2, 2), (2.5, 1.7), (2.5, 1.5), (3, 1.4)),
    "spatter": (
        (0.65, 0.3, 4, 0.69, 0.6, 0),
        (0.65, 0.3, 3, 0.68, 0.6, 0),
        (0.65, 0.3, 2, 0.68, 0.5, 0),
        (0.65, 0.3, 1, 0.65, 1.5, 1),
        (0.67, 0.4, 1, 0.65, 1.5, 1),
    ),
}


def parameter(name: str, severity: int, image: np.ndarray) -> Any:
    """Return the published parameter for the size of the image."""
    return (CIFAR_C if len(image) < 64 else IMAGENET_C)[name][severity - 1]


def corrupt(name: str, image: np.ndarray, severity: int, rng: np.random.Generator) -> np.ndarray:
    """Return `image` corrupted by the type `name`; frost has :func:`frost` for itself."""
    return CORRUPTIONS[name](image, parameter(name, severity, image), rng)


def gaussian(image: np.ndarray, sigma: float) -> np.ndarray:
    """Return what skimage.filters.gaussian does with an image of several channels."""
    sigmas = (sigma, sigma, 0) if image.ndim == 3 else sigma
    return ndimage.gaussian_filter(image, sigmas, mode="nearest")


def gaussian_blur(image: np.ndarray, sigma: float, rng: np.random.Generator) -> np.ndarray:
    return np.clip(gaussian(image, sigma), 0, 1)


def glass_blur(
    image: np.ndarray, parameter: tuple[float, int, int], rng: np.random.Generator
) -> np.ndarray:
    sigma, reach, times = parameter
    shape = (times, *image.shape[:2])
    steps = rng.integers(-reach, reach, (2, *shape))
    shuffled = (gaussian(image, sigma) * 255).astype(np.uint8)
    for dy, dx in zip(*steps, strict=True):
        shuffle(shuffled, dy, dx, reach)
    return np.clip(gaussian(shuffled / 255, sigma), 0, 1)


def shuffle(image: np.ndarray, dy: np.ndarray, dx: np.ndarray, reach: int) -> None:
    """Exchange, in place, each pixel with a neighbour, as the published program does.

    The two sides are views of one array, so that the second assignment reads what the first has
    just written: the pixel takes the value of its neighbour and the neighbour keeps it.
    """
    height, width = image.shape[:2]
    for y in range(height - reach, reach, -1):
        for x in range(width - reach, reach, -1):
            j, i = y + dy[y, x], x + dx[y, x]
            image[y, x], image[j, i] = image[j, i], image[y, x]


def motion_blur(
    image: np.ndarray, parameter: tuple[int, float], rng: np.random.Generator
) -> np.ndarray:
    return np.clip(motion(image, *parameter, rng.uniform(-45, 45)), 0, 1)


def motion(image: np.ndarray, radius: int, sigma: float, angle: float) -> np.ndarray:
    """Return what MotionBlurImage of ImageMagick does, values beyond the edge being its nearest.

    A line of 2 radius + 1 pixels goes out from every pixel at `angle` (degrees, y pointing down);
    its weights are one half of a Gaussian.
    """
    width = 2 * radius + 1
    weights = np.exp(-(np.arange(width) ** 2) / (2 * sigma**2))
    weights /= weights.sum()
    y, x = np.arange(image.shape[0]), np.arange(image.shape[1])
    blurred = np.zeros(image.shape)
    for i, weight in enumerate(weights):
        right = int(np.ceil(i * np.cos(np.deg2rad(angle)) - 0.5))
        down = int(np.ceil(i * np.sin(np.deg2rad(angle)) - 0.5))
        rows = np.clip(y + down, 0, len(y) - 1)
        columns = np.clip(x + right, 0, len(x) - 1)
        blurred += weight * image[rows][:, columns]
    return blurred


def zoom_blur(
    image: np.ndarray, parameter: tuple[float, float], rng: np.random.Generator
) -> np.ndarray:
    stop, step = parameter
    image = image.astype(np.float32)
    factors = np.arange(1, stop, step)
    out = np.zeros_like(image)
    for factor in factors:
        out += clipped_zoom(image, factor)
    return np.clip((image + out) / (len(factors) + 1), 0, 1)


def clipped_zoom(image: np.ndarray, factor: float) -> np.ndarray:
    size = len(image)
    inner = int(np.ceil(size / factor))
    top = (size - inner) // 2
    factors = (factor, factor, 1)[: image.ndim]
    zoomed = ndimage.zoom(image[top : top + inner, top : top + inner], factors, order=1)
    trim = (len(zoomed) - size) // 2
    return zoomed[trim : trim + size, trim : trim + size]


def snow(image: np.ndarray, parameter: tuple[float, ...], rng: np.random.Generator) -> np.ndarray:
    mean, deviation, zoom, threshold, radius, sigma, kept = parameter
    flakes = rng.normal(mean, deviation, image.shape[:2])
    flakes = clipped_zoom(flakes, zoom)
    flakes[flakes < threshold] = 0
    flakes = (np.clip(flakes, 0, 1) * 255).astype(np.uint8) / 255
    flakes = motion(flakes, int(radius), sigma, rng.uniform(-135, -45))
    flakes = (np.round(flakes * 255) / 255)[..., None]
    image = image.astype(np.float32)
    grey = cv2.cvtColor(image, cv2.COLOR_RGB2GRAY)[..., None]
    image = kept * image + (1 - kept) * np.maximum(image, grey * 1.5 + 0.5)
    return np.clip(image + flakes + np.rot90(flakes, k=2), 0, 1)


def frost(
    image: np.ndarray,
    parameter: tuple[float, float],
    photographs: np.ndarray,
    rng: np.random.Generator,
) -> np.ndarray:
    """Add a random piece of one of the photographs (5, H, W, 3), shrunk to a fifth for CIFAR."""
    kept, added = parameter
    photograph = photographs[rng.integers(5)]
    if len(image) < 64:
        photograph = cv2.resize(photograph, (0, 0), fx=0.2, fy=0.2)
    height, width = image.shape[:2]
    top = rng.integers(0, photograph.shape[0] - height)
    left = rng.integers(0, photograph.shape[1] - width)
    piece = photograph[top : top + height, left : left + width]
    return np.clip(kept * image + added * piece, 0, 1)


def fog(image: np.ndarray, parameter: tuple[float, float], rng: np.random.Generator) -> np.ndarray:
    strength, decay = parameter
    height, width = image.shape[:2]
    size = 1 << (max(height, width) - 1).bit_length()
    mist = plasma(size, decay, rng.random)[:height, :width, None]
    brightest = image.max()
    return np.clip((image + strength * mist) * brightest / (brightest + strength), 0, 1)


def plasma(size: int, decay: float, draw: Callable[[tuple[int, ...]], np.ndarray]) -> np.ndarray:
    """Return the plasma fractal of the diamond-square algorithm on a torus, scaled to [0, 1]."""
    plane = np.zeros((size, size))
    step, wibble = size, 100.0

    def mean(total: np.ndarray) -> np.ndarray:
        return total / 4 + wibble * wibble * (2 * draw(total.shape) - 1)

    while step >= 2:
        half = step // 2
        corners = plane[::step, ::step]
        total = corners + np.roll(corners, -1, axis=0)
        total = total + np.roll(total, -1, axis=1)
        plane[half::step, half::step] = mean(total)
        centres = plane[half::step, half::step]
        across = centres + np.roll(centres, 1, axis=0) + corners + np.roll(corners, -1, axis=1)
        plane[::step, half::step] = mean(across)
        down = centres + np.roll(centres, 1, axis=1) + corners + np.roll(corners, -1, axis=0)
        plane[half::step, ::step] = mean(down)
        step, wibble = half, wibble / decay
    plane -= plane.min()
    return plane / plane.max()


def spatter(
    image: np.ndarray, parameter: tuple[float, ...], rng: np.random.Generator
) -> np.ndarray:
    mean, deviation, *rest = parameter
    drops = rng.normal(mean, deviation, image.shape[:2])
    image = image.astype(np.float32)
    return (mud if parameter[5] else water)(image, drops, *rest[:3])


def water(
    image: np.ndarray, drops: np.ndarray, sigma: float, threshold: float, strength: float
) -> np.ndarray:
    layer = wet_layer(drops, sigma, threshold) * strength
    turquoise = np.array([175, 238, 238], dtype=np.float32) / 255
    return np.clip(image + layer[..., None] * turquoise, 0, 1)


def wet_layer(drops: np.ndarray, sigma: float, threshold: float) -> np.ndarray:
    """Return where light falls on water, at most 1: float array (h, w)."""
    liquid = gaussian(drops, sigma)
    liquid[liquid < threshold] = 0
    liquid = (liquid * 255).astype(np.uint8)
    distance = 255 - cv2.Canny(liquid, 50, 150)
    distance = cv2.distanceTransform(distance, cv2.DIST_L2, 5)
    _, distance = cv2.threshold(distance, 20, 20, cv2.THRESH_TRUNC)
    distance = cv2.blur(distance, (3, 3)).astype(np.uint8)
    distance = cv2.equalizeHist(distance)
    relief = np.array([[-2, -1, 0], [-1, 1, 1], [0, 1, 2]])
    distance = cv2.filter2D(distance, cv2.CV_8U, relief)
    distance = cv2.blur(distance, (3, 3)).astype(np.float32)
    light = liquid * distance
    return light / max(light.max(), 1)


def mud(
    image: np.ndarray, drops: np.ndarray, sigma: float, threshold: float, smear: float
) -> np.ndarray:
    liquid = gaussian(drops, sigma)
    covered = gaussian((liquid > threshold).astype(np.float32), smear)[..., None]
    covered[covered < 0.8] = 0
    brown = np.array([63, 42, 20], dtype=np.float32) / 255
    return np.clip(image * (1 - covered) + brown * covered, 0, 1)


CORRUPTIONS: dict[str, Callable[[np.ndarray, Any, np.random.Generator], np.ndarray]] = {
    "glass_blur": glass_blur,
    "motion_blur": motion_blur,
    "zoom_blur": zoom_blur,
    "gaussian_blur": gaussian_blur,
    "snow": snow,
    "fog": fog,
    "spatter": spatter,
}

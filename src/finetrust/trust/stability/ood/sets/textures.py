"""Procedural textures: stripes, rings, tiles, and clouds with a 1/f spectrum, in two colours each."""

from collections.abc import Callable

import numpy as np
from PIL import Image

from finetrust.data.dataset import Inputs
from finetrust.trust.stability.ood.made import MadeSet, made_sets
from finetrust.trust.stability.ood.sets.pixels import as_image

Pattern = Callable[[np.ndarray, np.ndarray, np.random.Generator], np.ndarray]
"""From the places of pixels (h, w), as parts of the longer side, to values from 0 to 1 (h, w)."""


def texture(familiar: Inputs, index: int, rng: np.random.Generator) -> Image.Image:
    """Return a random texture of the familiar image's size."""
    width, height = familiar[index].size
    y, x = np.mgrid[:height, :width] / max(width, height)
    pattern = _PATTERNS[rng.integers(len(_PATTERNS))]
    mixed = pattern(x, y, rng)[..., None]
    first, second = rng.random((2, 3))
    return as_image(mixed * first + (1 - mixed) * second)


def _stripes(x: np.ndarray, y: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    angle, waves = rng.uniform(0, np.pi), rng.uniform(2, 10)
    along = x * np.cos(angle) + y * np.sin(angle)
    return (1 + np.sin(2 * np.pi * waves * along + rng.uniform(0, 2 * np.pi))) / 2


def _rings(x: np.ndarray, y: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    (at_x, at_y), waves = rng.random(2), rng.uniform(2, 10)
    return (1 + np.sin(2 * np.pi * waves * np.hypot(x - at_x, y - at_y))) / 2


def _tiles(x: np.ndarray, y: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    across, down = rng.uniform(3, 10, size=2)
    shift = rng.random(2)
    odd = (np.floor(across * x + shift[0]) + np.floor(down * y + shift[1])) % 2
    return odd.astype(np.float64)


def _clouds(x: np.ndarray, y: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    height, width = x.shape
    frequency = np.hypot(np.fft.fftfreq(height)[:, None], np.fft.rfftfreq(width))
    frequency[0, 0] = np.inf
    spectrum = np.fft.rfft2(rng.normal(size=x.shape)) / frequency ** rng.uniform(1, 2)
    values = np.fft.irfft2(spectrum, s=x.shape)
    spread = np.ptp(values)
    return (values - values.min()) / spread if spread > 0 else np.full(x.shape, 0.5)


_PATTERNS: tuple[Pattern, ...] = (_stripes, _rings, _tiles, _clouds)

made_sets.add("textures", MadeSet("image", "far", texture))

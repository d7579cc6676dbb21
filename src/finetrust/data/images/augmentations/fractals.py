"""Fractals that are computed, not downloaded: pictures of much structure that PixMix mixes in.

Every other one is the attractor of an iterated function system, the rest are Julia sets. Which one it is,
and its colours, depend on its number alone.
"""

import numpy as np
from PIL import Image

from finetrust.core.atomic import replacing
from finetrust.core.cache import cache_root

COUNT = 300
SIDES = (64, 256)
"""In pixels; an image takes the smallest that is larger."""

_VERSION = 1
_STEPS, _FAR = 96, 256
"""Of a Julia set: steps that a point is followed; square of its size at which it is gone."""
_POINTS, _SETTLING, _ROUNDS = 60, 15, 40
"""Of an attractor: points for each pixel of a side; turns before they are on it, and while they draw."""


def fractal(number: int, side: int) -> Image.Image:
    """Return the fractal with a number below ``COUNT`` as a square RGB image.

    It is kept in the cache. A cache that is broken, locked or full is done without.
    """
    file = cache_root() / "fractals" / f"{_VERSION}-{side}" / f"{number}.npy"
    try:
        return Image.fromarray(np.load(file, allow_pickle=False))
    except (OSError, ValueError, EOFError):
        pass
    pixels = computed_fractal(number, side)
    try:
        with replacing(file) as temporary, temporary.open("wb") as stream:
            np.save(stream, pixels)
    except OSError:
        pass
    return Image.fromarray(pixels)


def computed_fractal(number: int, side: int) -> np.ndarray:
    """Return the pixels of a fractal: uint8 (side, side, 3)."""
    shape, colours = (np.random.default_rng((_VERSION, number, part)) for part in range(2))
    return (_attractor if number % 2 else _julia_set)(shape, colours, side)


def _julia_set(rng: np.random.Generator, colours: np.random.Generator, side: int) -> np.ndarray:
    """Colour the plane by how fast ``z -> z**2 + c`` escapes, for a c near the edge of Mandelbrot's set."""
    angle = rng.uniform(0, 2 * np.pi)
    edge = np.exp(1j * angle) / 2 - np.exp(2j * angle) / 4
    c = np.complex64(edge * rng.uniform(1.0, 1.1))
    middle = rng.uniform(-0.8, 0.8, 2)
    half = rng.uniform(0.3, 1.4)
    line = np.linspace(-half, half, side, dtype=np.float32)
    z = (middle[0] + line[None, :] + 1j * (middle[1] + line[:, None])).astype(np.complex64).ravel()
    values = np.zeros(z.size, np.float32)
    left = np.arange(z.size)
    for step in range(_STEPS):
        z = z * z + c
        size = z.real**2 + z.imag**2
        gone = size > _FAR
        values[left[gone]] = np.sqrt(step + 3 - np.log2(np.log2(size[gone])))
        z, left = z[~gone], left[~gone]
    values[left] = np.abs(np.angle(z)) / np.pi
    return _coloured(colours, values.reshape(side, side), 1)


def _attractor(rng: np.random.Generator, colours: np.random.Generator, side: int) -> np.ndarray:
    """Draw where points go that are moved by one of several affine maps at random, again and again.

    Maps are drawn as in Anderson & Farrell (2022), "Improving Fractal Pre-training", WACV: singular values
    with ``(5 + N) / 2 <= sum_i (s_i1 + 2 s_i2) <= (6 + N) / 2`` make attractors that fill the picture well.
    """
    points, hues = _orbits(rng, colours, _POINTS * side)
    low, high = np.percentile(points[::16], [1, 99], axis=0)
    cells = ((points - low) / np.maximum(high - low, 1e-9) * side).astype(np.int64)
    inside = ((cells >= 0) & (cells < side)).all(1)
    flat = cells[inside, 1] * side + cells[inside, 0]
    counts = np.bincount(flat, minlength=side * side)
    hue = np.bincount(flat, hues[inside], side * side) / np.maximum(counts, 1)
    picture = _coloured(colours, hue.reshape(side, side), 2)
    light = np.sqrt(np.log1p(counts) / np.log1p(counts.max())).reshape(side, side, 1)
    ground = colours.uniform(0, 160, 3)
    return (ground + light * (picture - ground)).astype(np.uint8)


def _orbits(
    rng: np.random.Generator, colours: np.random.Generator, together: int
) -> tuple[np.ndarray, np.ndarray]:
    """Return points (m, 2) of an attractor, and for each the mean hue (m,) of the maps that led there."""
    maps, shifts = _system(rng)
    chances = np.abs(np.linalg.det(maps)) + 1e-3
    bounds = np.cumsum(chances[:-1]) / chances.sum()
    hue_of_map = colours.uniform(0, 1, len(maps))
    x, y = rng.uniform(-1, 1, (2, together))
    hue = rng.uniform(0, 1, together)
    points, hues = [], []
    for turn in range(_SETTLING + _ROUNDS):
        chosen = np.searchsorted(bounds, rng.random(together))
        (a, b), (c, d) = maps.transpose(1, 2, 0)[:, :, chosen]
        right, down = shifts.T[:, chosen]
        x, y = a * x + b * y + right, c * x + d * y + down
        hue = (hue + hue_of_map[chosen]) / 2
        if turn >= _SETTLING:
            points.append(np.stack([x, y], 1))
            hues.append(hue)
    return np.concatenate(points), np.concatenate(hues)


def _system(rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Return 2 to 8 affine maps: matrices (n, 2, 2) and shifts (n, 2)."""
    n = int(rng.integers(2, 9))
    wanted = rng.uniform(5 + n, 6 + n) / 2
    sizes = np.ones((n, 2))
    while sizes.max() >= 0.98:
        sizes = -np.sort(-rng.uniform(0, 1, (n, 2)), axis=1)
        sizes *= wanted / (sizes @ (1, 2)).sum()
    turned = [_rotation(rng.uniform(0, 2 * np.pi, n)) for _ in range(2)]
    signs = rng.choice((-1, 1), (n, 1, 2))
    maps = turned[0] @ (sizes[:, :, None] * turned[1]) * signs
    return maps, rng.uniform(-1, 1, (n, 2))


def _rotation(angles: np.ndarray) -> np.ndarray:
    cos, sin = np.cos(angles), np.sin(angles)
    return np.stack([np.stack([cos, -sin], 1), np.stack([sin, cos], 1)], 1)


def _coloured(colours: np.random.Generator, values: np.ndarray, turns: float) -> np.ndarray:
    """Return values (h, w) as colours (h, w, 3): each channel a wave of its own over the values."""
    waves = colours.uniform(0.5, 1.5, 3) * turns
    phases = colours.uniform(0, 1, 3)
    light = 0.5 + 0.5 * np.cos(2 * np.pi * (values[..., None] * waves + phases))
    return (255 * light).astype(np.uint8)

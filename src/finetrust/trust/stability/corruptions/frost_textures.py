"""Textures that resemble frost on a window, grown by rule.

The published frost adds photographs, which may not be passed on with this library. These
textures take their place: ice crystals that branch at 60 degrees, with a preferred direction,
over an uneven film of ice. They repeat at their edges, so that they can be laid side by side.

Of the photographs it is known how they are used (five of them, cut out at random, added with the
published weights), not what their statistics are: they are not measured here. The brightness and
contrast of the textures are chosen by what frost on a dark window looks like in a photograph.
"""

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from scipy import ndimage

SIZE = 640
# Crystals of ice are hexagonal.
BRANCHING = np.pi / 3


@dataclass(frozen=True)
class Look:
    """How one texture looks: all that sets it apart from the others.

    Parameters
    ----------
    crystals : int
        How many are grown.
    spread : float
        Standard deviation of their directions in radians.
    film : float
        Share of the film of ice in the brightness before scaling.
    mean, deviation : float
        Of the brightness, before it is clipped to [0, 1].
    dark, light : triple of float
        Red, green and blue of the glass and of the ice.
    """

    crystals: int
    spread: float
    film: float
    mean: float
    deviation: float
    dark: tuple[float, float, float]
    light: tuple[float, float, float]


LOOKS = (
    Look(60, 0.3, 0.3, 0.45, 0.22, (0.02, 0.06, 0.14), (0.92, 0.96, 1.0)),
    Look(120, 0.6, 0.4, 0.55, 0.18, (0.05, 0.10, 0.20), (0.88, 0.95, 1.0)),
    Look(45, 1.0, 0.5, 0.40, 0.20, (0.04, 0.05, 0.08), (0.96, 0.97, 0.98)),
    Look(90, 3.0, 0.3, 0.50, 0.24, (0.00, 0.08, 0.22), (0.90, 0.95, 1.0)),
    Look(150, 0.2, 0.6, 0.60, 0.16, (0.10, 0.14, 0.20), (0.95, 0.97, 1.0)),
)


@lru_cache(maxsize=1)
def frost_textures() -> np.ndarray:
    """Return the textures, always the same: float32 array (5, 3, 640, 640) in [0, 1]."""
    return np.stack([_texture(look, np.random.default_rng(i)) for i, look in enumerate(LOOKS)])


def _texture(look: Look, rng: np.random.Generator) -> np.ndarray:
    crystals = _crystals(look, rng)
    lines = ndimage.gaussian_filter(crystals, 0.8, mode="wrap")
    glow = ndimage.gaussian_filter(crystals, 6, mode="wrap")
    film, grain = _fractal(1.6, rng), _fractal(0.6, rng)
    ice = _standard(np.log1p(lines)) + 0.7 * _standard(np.sqrt(glow))
    brightness = _standard(ice + 2 * look.film * film + 0.2 * grain)
    brightness = np.clip(look.mean + look.deviation * brightness, 0, 1)
    dark, light = (np.array(colour)[:, None, None] for colour in (look.dark, look.light))
    return (dark + (light - dark) * brightness).astype(np.float32)


def _crystals(look: Look, rng: np.random.Generator) -> np.ndarray:
    """Return how much ice lies in each pixel: stems, their branches, and the branches of those."""
    count = look.crystals
    start = rng.uniform(0, SIZE, (count, 2))
    angle = rng.uniform(0, 2 * np.pi) + look.spread * rng.normal(size=count)
    length = SIZE * rng.uniform(0.1, 0.45, count)
    ice = np.zeros(SIZE * SIZE)
    for level in range(3):
        share, stem = _along(length, 0.7)
        # A stem bends a little and grows thinner towards its tip.
        bend = angle[stem] + 0.25 * share * np.sin(1 + 7 * stem)
        steps = np.stack([np.sin(bend), np.cos(bend)], axis=1)
        points = start[stem] + (share * length[stem])[:, None] * steps
        place = np.floor(points).astype(int) % SIZE
        thickness = (1.2 - share) / (1 + level)
        ice += np.bincount(place[:, 0] * SIZE + place[:, 1], thickness, SIZE * SIZE)
        share, stem = _along(length, 7.0 / (1 + 0.4 * level))
        share = share + 0.01 * rng.normal(size=len(share))
        bend = angle[stem] + 0.25 * share * np.sin(1 + 7 * stem)
        steps = np.stack([np.sin(bend), np.cos(bend)], axis=1)
        start = start[stem] + (share * length[stem])[:, None] * steps
        side = rng.choice([-1.0, 1.0], len(share))
        angle = bend + side * BRANCHING
        length = length[stem] * (1 - share) * rng.uniform(0.1, 0.4, len(share))
        grown = length > 2
        start, angle, length = start[grown], angle[grown], length[grown]
    return ice.reshape(SIZE, SIZE)


def _along(length: np.ndarray, step: float) -> tuple[np.ndarray, np.ndarray]:
    """Return points each `step` along lines: their share of the way (0 to 1), and their line."""
    counts = np.maximum(1, (length / step).astype(int))
    line = np.repeat(np.arange(len(length)), counts)
    index = np.arange(counts.sum()) - np.repeat(np.cumsum(counts) - counts, counts)
    return (index + 0.5) / counts[line], line


def _fractal(exponent: float, rng: np.random.Generator) -> np.ndarray:
    """Return noise whose amplitude falls with the frequency to the power of `exponent`."""
    down, right = np.fft.fftfreq(SIZE)[:, None], np.fft.rfftfreq(SIZE)
    frequency = np.hypot(down, right)
    frequency[0, 0] = np.inf
    spectrum = np.fft.rfft2(rng.normal(size=(SIZE, SIZE))) / frequency**exponent
    return _standard(np.fft.irfft2(spectrum, s=(SIZE, SIZE)))


def _standard(values: np.ndarray) -> np.ndarray:
    return (values - values.mean()) / values.std()

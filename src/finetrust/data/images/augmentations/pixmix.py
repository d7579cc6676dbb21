"""PixMix: an image is mixed with pictures of much structure, again and again (Hendrycks et al. 2022)."""

from typing import Annotated

import numpy as np
from PIL import Image
from pydantic import Field

from finetrust.config import Count, Positive
from finetrust.data.images.augmentations.augmentation import Augmentation, Step, augmentations
from finetrust.data.images.augmentations.draws import coin, one_of, uniform
from finetrust.data.images.augmentations.fractals import COUNT, SIDES, fractal
from finetrust.data.images.augmentations.operations import MOST_SEVERE, drawn_operation

ROUNDS, STRENGTH, SEVERITY = 4, 3.0, 3
"""k, beta and the severity of the operations in the authors' code for CIFAR."""
_MARGIN = 9 / 8
"""The authors make a picture 36 pixels wide and cut 32 out of it."""
_LEAST = 1e-37


@augmentations.register("pixmix")
class PixMix(Augmentation):
    """Hendrycks, Zou, Mazeika, Tang, Li, Song & Steinhardt (2022), "PixMix", CVPR, section 3.

    The mixing set is of fractals that are computed (see :mod:`.fractals`) instead of the authors' collection
    of fractals and feature visualisations. The operations are those of AugMix, as in the authors' code.
    """

    changes = "colours"

    rounds: Count = Field(ROUNDS, description="Most times that something is mixed in.")
    strength: Positive = Field(
        STRENGTH, description="Beta: the larger, the more is left of the image."
    )
    severity: Annotated[int, Field(ge=1, le=MOST_SEVERE)] = Field(
        SEVERITY, description="Greatest strength of the operations, 1 to 10."
    )

    def step(self, still: bool = False) -> Step:
        return _PixMix(self, still)


class _PixMix:
    def __init__(self, settings: PixMix, still: bool) -> None:
        self._rounds, self._strength = settings.rounds, settings.strength
        self._severity, self._still = settings.severity, still

    def __call__(self, image: Image.Image) -> Image.Image:
        picture = _cut(image.size)
        mixed = _pixels(self._changed(image) if coin() else image)
        for _ in range(one_of(self._rounds + 1)):
            other = _pixels(self._changed(image) if coin() else picture)
            mix = added if coin() else multiplied
            mixed = mix(mixed, other, *weights(self._strength)).clip(0, 1)
        return Image.fromarray(np.rint(mixed * 255).astype(np.uint8))

    def _changed(self, image: Image.Image) -> Image.Image:
        return drawn_operation(image, self._severity, self._still)


def weights(strength: float) -> tuple[float, float]:
    """Return how much of the image and how much of what is mixed in: mostly near (1, 0).

    Half of the time Beta(beta, 1) and Beta(1, beta), else one more than Beta(1, beta) and minus
    Beta(1, beta). A number drawn evenly to the power of 1 / beta is Beta(beta, 1).
    """
    one, other = (1 - uniform(0, 1) ** (1 / strength) for _ in range(2))
    return (1 - one, other) if coin() else (1 + one, -other)


def added(image: np.ndarray, other: np.ndarray, a: float, b: float) -> np.ndarray:
    """Return the sum of pixels in [0, 1], counted from grey, with weights a and b."""
    return (a * (image * 2 - 1) + b * (other * 2 - 1) + 1) / 2


def multiplied(image: np.ndarray, other: np.ndarray, a: float, b: float) -> np.ndarray:
    """Return the product of pixels in [0, 1], counted in halves, to the powers of a and b."""
    return (image * 2) ** a * np.maximum(other * 2, _LEAST) ** b / 2


def _cut(size: tuple[int, int]) -> Image.Image:
    """Return a random part of a random fractal, as large as an image of `size` (width, height)."""
    longer = max(size)
    side = next((side for side in SIDES if side >= longer * _MARGIN), SIDES[-1])
    across, down = (side * length / (longer * _MARGIN) for length in size)
    left, top = uniform(0, side - across), uniform(0, side - down)
    picture = fractal(one_of(COUNT), side)
    return picture.resize(
        size, Image.Resampling.BILINEAR, box=(left, top, left + across, top + down)
    )


def _pixels(image: Image.Image) -> np.ndarray:
    return np.asarray(image, np.float32) / 255

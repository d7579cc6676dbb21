"""Letterbox: a whole image scaled into a fixed canvas, and boxes to the canvas and back."""

import math
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from PIL import Image

from finetrust.models.preprocessing import Interpolation, Preprocessing, noise

if TYPE_CHECKING:
    from torch import Tensor, nn

STEP = 32
_PIXELS_AT_ONCE = 1 << 22
_MOST_AT_ONCE = 64


@dataclass(frozen=True)
class Letterbox:
    """How an image of any shape becomes the input of a detector.

    The image keeps its proportions; what it leaves of the canvas at the right and the bottom is
    filled with the mean colour.

    Parameters
    ----------
    height, width : int
        Of the canvas, in pixels.
    interpolation : {"nearest", "bilinear", "bicubic", "lanczos"}
        Filter, always antialiased.
    mean, std : tuple of float (3,)
        Subtracted from, then divided out of, RGB values in [0, 1].
    """

    height: int
    width: int
    interpolation: Interpolation
    mean: tuple[float, float, float]
    std: tuple[float, float, float]

    @classmethod
    def fitting(
        cls, sizes: Sequence[tuple[int, ...]], longer: int, colours: Preprocessing
    ) -> "Letterbox":
        """Return the letterbox for images of the given sizes.

        Parameters
        ----------
        sizes : sequence of (int, int)
            Width and height of some images; the most common proportion decides.
        longer : int
            Longer side of the canvas; both sides are rounded up to a multiple of 32.
        colours : Preprocessing
            Whose filter, mean and standard deviation are taken.
        """
        ratios = Counter(round(width / height, 2) for width, height, *_ in sizes)
        ratio = max(ratios, key=lambda r: (ratios[r], -abs(r - 1)), default=1.0)
        width, height = (longer, longer / ratio) if ratio >= 1 else (longer * ratio, longer)
        return cls(
            _rounded_up(height),
            _rounded_up(width),
            colours.interpolation,
            colours.mean,
            colours.std,
        )

    @property
    def canvas(self) -> tuple[int, int]:
        """Height and width of the canvas."""
        return self.height, self.width

    @property
    def input_size(self) -> int:
        """The longer side of the canvas."""
        return max(self.canvas)

    @property
    def fill(self) -> tuple[int, int, int]:
        """The colour of the canvas beside the image, as uint8 RGB."""
        red, green, blue = (min(255, max(0, round(255 * value))) for value in self.mean)
        return red, green, blue

    @property
    def filter(self) -> Image.Resampling:
        """Pillow's name of the filter."""
        return Image.Resampling[self.interpolation.upper()]

    def squared(self, side: int) -> "Letterbox":
        """Return this letterbox with a square canvas."""
        return replace(self, height=side, width=side)

    def scaled_size(self, size: Sequence[int]) -> tuple[int, int]:
        """Return the width and height at which an image of `size` (width, height) fits the canvas."""
        width, height = int(size[0]), int(size[1])
        scale = min(self.width / width, self.height / height)
        return max(1, round(width * scale)), max(1, round(height * scale))

    def to_canvas(self, boxes: np.ndarray, size: Sequence[int]) -> np.ndarray:
        """Map boxes (m, 4), x1 y1 x2 y2 in pixels of an image of `size` (width, height), to the canvas."""
        return np.asarray(boxes, np.float64).reshape(-1, 4) * self._scale(size)

    def to_image(self, boxes: np.ndarray, size: Sequence[int]) -> np.ndarray:
        """Map boxes (m, 4) on the canvas to pixels of an image of `size`, cut at its border."""
        found = np.asarray(boxes, np.float64).reshape(-1, 4) / self._scale(size)
        return found.clip(0, np.tile(np.asarray(size[:2], np.float64), 2))

    def transform(self) -> "Callable[[Image.Image], Tensor]":
        """Return the function from an RGB image to a uint8 tensor (3, height, width)."""
        return _Fit(self)

    def collate(self, prepared: "Sequence[Tensor]") -> "Tensor":
        """Return prepared images as one uint8 tensor (n, 3, height, width)."""
        import torch

        return torch.stack(list(prepared))

    def normaliser(self) -> "nn.Module":
        """Return the layer that normalises pixels."""
        from finetrust.models.normalise import Normalise

        return Normalise(self.mean, self.std)

    def example(self, n: int) -> "Tensor":
        """Return `n` images of noise, always the same, as floats in [0, 1]."""
        return noise(n, self.height, self.width)

    def items_at_once(self, on_cpu: bool) -> int:
        """Return how many images a forward pass without gradients takes."""
        return max(1, min(_MOST_AT_ONCE, _PIXELS_AT_ONCE // (self.height * self.width)))

    def feature_lengths(self, inputs: "Tensor") -> "Tensor | None":
        """Return None: the features of all images have the same shape."""
        return None

    def lengths(self, values: Sequence[Any]) -> Sequence[int] | None:
        """Return None: all images are alike."""
        return None

    def save(self, folder: Path) -> dict[str, Any]:
        """Return the letterbox as JSON values; it needs no files."""
        return self.to_dict()

    def to_dict(self) -> dict[str, Any]:
        """Return the letterbox as JSON values."""
        return asdict(self)

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> "Letterbox":
        """Return the letterbox that :meth:`to_dict` described."""
        return cls(**{**values, "mean": tuple(values["mean"]), "std": tuple(values["std"])})

    def _scale(self, size: Sequence[int]) -> np.ndarray:
        scaled = np.asarray(self.scaled_size(size), np.float64)
        return np.tile(scaled / np.asarray(size[:2], np.float64), 2)


class _Fit:
    """The image scaled and put into the upper left corner of the canvas."""

    def __init__(self, letterbox: Letterbox) -> None:
        self._letterbox = letterbox

    def __call__(self, image: Image.Image) -> "Tensor":
        import torch

        box = self._letterbox
        size = box.scaled_size(image.size)
        if image.size != size:
            image = image.resize(size, box.filter)
        if size != (box.width, box.height):
            canvas = Image.new("RGB", (box.width, box.height), box.fill)
            canvas.paste(image)
            image = canvas
        return torch.from_numpy(np.array(image)).permute(2, 0, 1).contiguous()


def _rounded_up(side: float) -> int:
    return max(STEP, math.ceil(round(side, 6) / STEP) * STEP)

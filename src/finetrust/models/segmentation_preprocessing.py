"""Windows over a large image, as an alternative to scaling it into the canvas, and their average.

The images keep their size; in training the network sees cuts of the size of one window.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from PIL import Image
from torch import Tensor

from finetrust.models.letterbox import STEP, Letterbox
from finetrust.models.network import Compute
from finetrust.models.normalise import Normalise

if TYPE_CHECKING:
    from torch import nn

OVERLAP = 1 / 3
_WINDOWS_AT_ONCE = 8
_IMAGES_AT_ONCE = 4


@dataclass(frozen=True)
class Windows(Letterbox):
    """Images at their own size, seen through windows of the size of the canvas.

    A prepared image is filled up at the right and the bottom to at least one window, and to a multiple
    of 32 pixels. A batch is a list of images, or a tensor where all are as large as a window.
    """

    def scaled_size(self, size: Sequence[int]) -> tuple[int, int]:
        """Return `size` (width, height): nothing is scaled."""
        return int(size[0]), int(size[1])

    def padded_size(self, size: Sequence[int]) -> tuple[int, int]:
        """Return the width and height to which an image of `size` (width, height) is filled up."""
        width, height = (-(-int(side) // STEP) * STEP for side in size)
        return max(width, self.width), max(height, self.height)

    def transform(self) -> Callable[[Image.Image], Tensor]:
        """Return the function from an RGB image to a uint8 tensor (3, h, w)."""
        return _FillUp(self)

    def collate(self, prepared: Sequence[Tensor]) -> list[Tensor]:  # type: ignore[override]
        """Return the images as a list."""
        return list(prepared)

    def normaliser(self) -> "nn.Module":
        """Return the layer that normalises pixels, of a list those in the middle of each image."""
        return _NormaliseMiddles(self)

    def to_dict(self) -> dict[str, Any]:
        """Return the windows as JSON values."""
        return {**super().to_dict(), "windows": True}

    def items_at_once(self, on_cpu: bool) -> int:
        """Return how many images are taken at once; their windows are taken a few at a time."""
        return _IMAGES_AT_ONCE

    def around(self, compute: Compute, inputs: "Tensor | list[Tensor]") -> "Tensor | list[Tensor]":
        """Return the logits of the whole images, averaged where windows overlap.

        Parameters
        ----------
        compute : callable
            From windows (m, 3, height, width) to logits (m, k, height / r, width / r).
        inputs : tensor or list of tensor (3, h, w)
            As `transform` prepares them; a tensor is a batch of single windows.

        Returns
        -------
        tensor, or list of tensor (k, h / r, w / r)
        """
        if isinstance(inputs, Tensor):
            return compute(inputs)
        return [self._over(compute, image) for image in inputs]

    def _over(self, compute: Compute, image: Tensor) -> Tensor:
        starts = window_starts(image.shape[-2:], self.canvas)
        total = count = None
        for first in range(0, len(starts), _WINDOWS_AT_ONCE):
            part = starts[first : first + _WINDOWS_AT_ONCE]
            cuts = [image[:, y : y + self.height, x : x + self.width] for y, x in part]
            for (y, x), logits in zip(part, compute(torch.stack(cuts)), strict=True):
                reduced = self.height // logits.shape[-2]
                if total is None or count is None:
                    height, width = (side // reduced for side in image.shape[-2:])
                    total = logits.new_zeros(len(logits), height, width)
                    count = logits.new_zeros(height, width)
                rows = slice(y // reduced, y // reduced + logits.shape[-2])
                columns = slice(x // reduced, x // reduced + logits.shape[-1])
                total[:, rows, columns] += logits
                count[rows, columns] += 1
        assert total is not None
        return total / count


def window_starts(size: Sequence[int], window: Sequence[int]) -> list[tuple[int, int]]:
    """Return where windows lie so that they cover an image and overlap by a third or more.

    Parameters
    ----------
    size : (int, int)
        Height and width of the image, multiples of 32 and no smaller than the window.
    window : (int, int)

    Returns
    -------
    list of (int, int)
        Upper left corners (y, x), multiples of 32.
    """
    rows, columns = (_starts(*pair) for pair in zip(size, window, strict=True))
    return [(y, x) for y in rows for x in columns]


def middle(image: Tensor, canvas: Sequence[int]) -> Tensor:
    """Return the middle of an image or mask (..., h, w) that is as large as a window."""
    top, left = (
        max(0, (side - cut) // 2) for side, cut in zip(image.shape[-2:], canvas, strict=True)
    )
    return image[..., top : top + canvas[0], left : left + canvas[1]]


class _FillUp:
    """The image in the upper left corner of a canvas of its own."""

    def __init__(self, windows: Windows) -> None:
        self._windows = windows

    def __call__(self, image: Image.Image) -> Tensor:
        size = self._windows.padded_size(image.size)
        if image.size != size:
            canvas = Image.new("RGB", size, self._windows.fill)
            canvas.paste(image)
            image = canvas
        return torch.from_numpy(np.array(image)).permute(2, 0, 1).contiguous()


class _NormaliseMiddles(Normalise):
    """Normalise a batch of windows; of whole images, which nothing random has cut, the middles."""

    def __init__(self, windows: Windows) -> None:
        super().__init__(windows.mean, windows.std)
        self._canvas = windows.canvas

    def forward(self, images: Any) -> Tensor:
        """Map images (n, 3, h, w), or a list of (3, h, w), to normalised windows."""
        if isinstance(images, list):
            images = torch.stack([middle(image, self._canvas) for image in images])
        return super().forward(images)


def _starts(side: int, window: int) -> list[int]:
    step = max(STEP, int(window * (1 - OVERLAP)) // STEP * STEP)
    last = side - window
    return sorted({*range(0, last, step), last})

"""From a network's logits to logits at the size of the image that they are of."""

from collections.abc import Iterator, Sequence
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional

from finetrust.models.letterbox import Letterbox
from finetrust.models.segmentation_preprocessing import middle
from finetrust.models.segmenters.quarter import STRIDE


def at_image_size(outputs: Any, sizes: Sequence[tuple[int, int]]) -> Iterator[Tensor]:
    """Yield the logits of each image at its own size, in float32 on their device.

    They are enlarged bilinearly to the canvas, the image is cut out of it, and scaled back.

    Parameters
    ----------
    outputs : tensor (n, k, h, w), or list of tensor (k, h, w)
        At a quarter of the canvas; a list is of images that were not scaled into a canvas.
    sizes : sequence of (int, int)
        Width and height of the images.

    Yields
    ------
    float32 tensor (k, height, width)
    """
    for logits, (width, height) in zip(outputs, sizes, strict=True):
        canvas = canvas_of(logits)
        size = (width, height)
        if isinstance(outputs, Tensor):
            size = Letterbox(*canvas, "bilinear", (0, 0, 0), (1, 1, 1)).scaled_size(size)
        enlarged = resized(logits.float(), canvas)[:, : size[1], : size[0]]
        yield resized(enlarged, (height, width))


def canvas_of(logits: Tensor) -> tuple[int, int]:
    """Return the height and width of the canvas that logits (..., h, w) are of."""
    return logits.shape[-2] * STRIDE, logits.shape[-1] * STRIDE


def on_canvas(targets: Any, canvas: tuple[int, int]) -> Tensor:
    """Return masks as one tensor (n, height, width); of whole large images, the middles."""
    if isinstance(targets, Tensor):
        return targets
    return torch.stack([middle(mask, canvas) for mask in targets])


def resized(logits: Tensor, size: tuple[int, int]) -> Tensor:
    """Return logits (k, h, w) at another size, bilinearly."""
    if tuple(logits.shape[-2:]) == tuple(size):
        return logits
    return functional.interpolate(logits[None], size, mode="bilinear", align_corners=False)[0]

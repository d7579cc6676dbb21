"""Images with their masks as training samples: what moves the image moves the mask."""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import torch
from PIL import Image
from torch import Tensor
from torchvision import tv_tensors

from finetrust.data.masks.masks import IGNORE, Mask
from finetrust.models.letterbox import Letterbox
from finetrust.models.segmentation_preprocessing import Windows
from finetrust.tasks.joint_augmentation import TrivialColours, moves

SCALES = (0.9, 1.8)
"""Scale of a training image: seldom less than what fills the canvas, for beside it nothing is learnt."""


class SegmentationSamples:
    """Images on the canvas, and their masks on it: uint8 (h, w), ``IGNORE`` beside the image.

    Parameters
    ----------
    preprocessing : Letterbox
        With :class:`Windows`, what nothing random has cut stays as large as it is, and batches are
        lists.
    augment : {"none", "crop", "crop-flip", "trivialaugment"}
        ``crop`` scales at random and cuts or pads to the canvas, ``crop-flip`` adds mirroring,
        ``trivialaugment`` one change of colour; a mask keeps its classes through all of them.
    """

    def __init__(self, preprocessing: Letterbox, augment: str) -> None:
        self._preprocessing = preprocessing
        self._prepare = preprocessing.transform()
        self._move = None if augment == "none" else moves(preprocessing, augment != "crop", SCALES)
        self._recolour: Callable[[Any], Any] | None = None
        if augment == "trivialaugment":
            self._recolour = TrivialColours()

    def item(self, value: Image.Image, target: Mask) -> tuple[Tensor, Tensor]:
        if self._move is None:
            return self._prepare(value), self.target(target)
        if self._recolour is not None:
            value = self._recolour(value)
        image, mask = self._move(value, tv_tensors.Mask(torch.from_numpy(target.read())))
        return image, mask.as_subclass(Tensor)

    def target(self, target: Mask) -> Tensor:
        mask = target.read()
        if isinstance(self._preprocessing, Windows):
            width, height = self._preprocessing.padded_size(mask.shape[::-1])
        else:
            size = self._preprocessing.scaled_size(mask.shape[::-1])
            if size != mask.shape[::-1]:
                mask = np.asarray(Image.fromarray(mask).resize(size, Image.Resampling.NEAREST))
            height, width = self._preprocessing.canvas
        filled = np.full((height, width), IGNORE, np.uint8)
        filled[: mask.shape[0], : mask.shape[1]] = mask
        return torch.from_numpy(filled)

    def inputs(self, prepared: Sequence[Tensor]) -> Any:
        return self._batch(prepared)

    def targets(self, prepared: Sequence[Tensor]) -> Any:
        return self._batch(prepared)

    def _batch(self, prepared: Sequence[Tensor]) -> Any:
        """Return a tensor of what was cut to the canvas, and else what `collate` makes of it."""
        if self._move is not None or not isinstance(self._preprocessing, Windows):
            return torch.stack(list(prepared))
        return list(prepared)

"""Images with their masks as training samples: what moves the image moves the mask."""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import torch
from PIL import Image
from torch import Tensor
from torchvision import tv_tensors

from finetrust.data.images.augmentations.augment import read_augment
from finetrust.data.images.augmentations.draws import coin
from finetrust.data.masks.masks import IGNORE, Mask
from finetrust.models.letterbox import Letterbox
from finetrust.models.segmentation_preprocessing import Windows
from finetrust.tasks.joint_augmentation import moves

SCALES = (0.9, 1.8)
"""Scale of a training image: seldom less than what fills the canvas, for beside it nothing is learnt."""


class SegmentationSamples:
    """Images on the canvas, and their masks on it: uint8 (h, w), ``IGNORE`` beside the image.

    Parameters
    ----------
    preprocessing : Letterbox
        With :class:`Windows`, what nothing random has cut stays as large as it is, and batches are
        lists.
    augment : str
        A frame, and augmentations that move nothing: a mask keeps its classes through them. ``crop``
        scales at random and cuts or pads to the canvas, ``flip`` adds mirroring.
    """

    def __init__(self, preprocessing: Letterbox, augment: str) -> None:
        self._preprocessing = preprocessing
        self._prepare = preprocessing.transform()
        chosen = read_augment(augment)
        self._still = chosen.steps(still=True)
        self._move: Callable[[Any, Any], Any] | None = None
        if chosen.crops:
            self._move = moves(preprocessing, chosen.mirrors, SCALES)
        self._mirrors = chosen.mirrors

    def item(self, value: Image.Image, target: Mask) -> tuple[Tensor, Tensor]:
        for step in self._still:
            value = step(value)
        if self._move is None:
            image, mask = self._prepare(value), self.target(target)
            return (image.flip(-1), mask.flip(-1)) if self._mirrors and coin() else (image, mask)
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

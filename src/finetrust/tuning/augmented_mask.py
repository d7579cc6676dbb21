"""Masks that are augmented as their images are."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
from PIL import Image
from torch import Tensor
from torchvision.transforms import v2

from finetrust.models.preprocessing import Preprocessing

_MOVES = ("Shear", "Translate", "Rotate")


def augmented_mask(preprocessing: Preprocessing, augment: str) -> Callable[[np.ndarray], Tensor]:
    """Return the transform that moves a mask as ``preprocessing.augmented(augment)`` moves its image.

    Called with torch's default generator in the state in which the image's transform found it, it
    draws the same numbers. What changes colours leaves a mask as it is; pixels that an image is
    filled up with belong to no object.

    Returns
    -------
    callable
        From a bool array (h, w), as large as the image, to a bool tensor (input_size, input_size).
    """
    move = replace(preprocessing, interpolation="nearest").augmented(augment)
    if isinstance(move, v2.Compose):
        move = v2.Compose([_for_masks(step) for step in move.transforms])

    def moved(mask: np.ndarray) -> Tensor:
        return move(Image.fromarray(mask).convert("RGB"))[0] > 0

    return moved


def _for_masks(step: Any) -> Any:
    return _TrivialMoves() if isinstance(step, v2.TrivialAugmentWide) else step


class _TrivialMoves(v2.TrivialAugmentWide):
    """TrivialAugment (Mueller & Hutter 2021) as a mask sees it: the same draws, no change of colour."""

    def _apply_image_or_video_transform(
        self, image: Any, transform_id: str, magnitude: float, interpolation: Any, fill: Any
    ) -> Any:
        if not transform_id.startswith(_MOVES):
            return image
        return super()._apply_image_or_video_transform(
            image, transform_id, magnitude, interpolation, fill
        )

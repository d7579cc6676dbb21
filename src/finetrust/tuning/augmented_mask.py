"""Masks that are augmented as their images are."""

from collections.abc import Callable
from dataclasses import replace

import numpy as np
from PIL import Image
from torch import Tensor
from torchvision.transforms import v2

from finetrust.data.images.augmentations.augment import read_augment
from finetrust.models.preprocessing import Preprocessing


def augmented_mask(preprocessing: Preprocessing, augment: str) -> Callable[[np.ndarray], Tensor]:
    """Return the transform that moves a mask as ``preprocessing.augmented(augment)`` moves its image.

    Called with torch's default generator in the state in which the image's transform found it, it
    draws the same numbers. What changes colours leaves a mask as it is; pixels that an image is
    filled up with belong to no object.

    Returns
    -------
    callable
        From a bool array (h, w), as large as the image, to a bool tensor (input_size, input_size).

    Raises
    ------
    UserError
        For an augmentation that mixes images, so that an object is in several places.
    """
    chosen = read_augment(augment)
    framing = replace(preprocessing, interpolation="nearest").framing(chosen.crops, chosen.mirrors)
    move = v2.Compose([*framing, *chosen.steps_of_mask(), v2.PILToTensor()])

    def moved(mask: np.ndarray) -> Tensor:
        return move(Image.fromarray(mask).convert("RGB"))[0] > 0

    return moved

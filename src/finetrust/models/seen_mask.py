"""A mask of an image as a network gets the image: resized, cropped and filled up with it."""

from dataclasses import replace

import numpy as np
from PIL import Image
from torch import Tensor

from finetrust.models.letterbox import Letterbox
from finetrust.models.preprocessing import Preprocessing


def seen_mask(mask: np.ndarray, preprocessing: Preprocessing | Letterbox) -> Tensor:
    """Return what the preprocessing makes of a mask, taking the nearest pixel.

    Parameters
    ----------
    mask : bool array (h, w)
        Of the upright image.
    preprocessing : Preprocessing or Letterbox

    Returns
    -------
    bool tensor (height, width)
        As large as the prepared image; False beside it.
    """
    moved = replace(preprocessing, interpolation="nearest", mean=(0.0, 0.0, 0.0))
    return moved.transform()(Image.fromarray(mask).convert("RGB"))[0] > 0

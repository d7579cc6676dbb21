"""The pixels of pictures: images as the network sees them, heat laid over them, sizes to be looked at."""

from collections.abc import Sequence

import numpy as np
import torch
from PIL import Image
from torch import Tensor

from finetrust.data.dataset import Dataset
from finetrust.models.network import Network

SHOWN_PIXELS = 224
_AGAINST = (0.0, 90.0, 255.0)


def seen_images(network: Network, dataset: Dataset, rows: Sequence[int]) -> Tensor:
    """Return images as they are put to the network: uint8 (n, 3, h, w).

    Raises
    ------
    OSError
        If one can no longer be read.
    """
    prepare = network.preprocessing.transform()
    return torch.stack([prepare(dataset.inputs[row]) for row in rows])


def overlaid(image: np.ndarray, heat: np.ndarray, against: np.ndarray | None = None) -> np.ndarray:
    """Lay heat over a greyed uint8 image (h, w, 3): hotter is more orange, or more blue against it.

    Parameters
    ----------
    image : uint8 array (h, w, 3)
    heat : float array (h, w)
        In [0, 1]: what speaks for the answer.
    against : float array (h, w), optional
        In [0, 1]: what speaks against it.
    """
    shown = image.mean(axis=2, keepdims=True).repeat(3, axis=2) * 0.8 + 25
    if against is not None:
        shown = _painted(shown, np.broadcast_to(np.array(_AGAINST), image.shape), against)
    hot = np.stack([np.full_like(heat, 255), 170 * (1 - heat), 30 * (1 - heat)], axis=2)
    return _painted(shown, hot, heat).clip(0, 255).astype(np.uint8)


def _painted(shown: np.ndarray, colour: np.ndarray, strength: np.ndarray) -> np.ndarray:
    opacity = 0.75 * strength[..., None]
    return shown * (1 - opacity) + colour * opacity


def enlarged(image: np.ndarray) -> Image.Image:
    """Return a uint8 image (h, w, 3) as a picture that is large enough to be looked at."""
    picture = Image.fromarray(image)
    if max(picture.size) >= SHOWN_PIXELS:
        return picture
    scale = SHOWN_PIXELS / max(picture.size)
    size = round(picture.width * scale), round(picture.height * scale)
    return picture.resize(size, Image.Resampling.NEAREST)

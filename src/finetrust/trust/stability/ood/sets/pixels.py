"""Between images and arrays of numbers from 0 to 1."""

import numpy as np
from PIL import Image


def as_image(values: np.ndarray) -> Image.Image:
    """Return the image of values (h, w, 3), clipped to 0 to 1."""
    return Image.fromarray((np.clip(values, 0, 1) * 255).round().astype(np.uint8))


def as_values(image: Image.Image) -> np.ndarray:
    """Return the values of an RGB image, from 0 to 1: float64 array (h, w, 3)."""
    return np.asarray(image.convert("RGB"), dtype=np.float64) / 255

"""Figures of images: what may tell why a model fails on some of them.

Sharpness is the variance of the Laplacian (Pech-Pacheco et al., "Diatom autofocusing in brightfield
microscopy", 2000), on the image
shrunk by a whole factor to 256 pixels at most. It takes 0.05 ms for 32 pixels, 0.1 ms for a photo.
"""

import math

import numpy as np
from PIL import Image

PROPERTIES = ("size", "aspect_ratio", "brightness", "contrast", "saturation", "sharpness")
"""Pixels in all; width by height; mean and standard deviation of the grey values, mean saturation of
the colours (HSV), each as a share of its range; sharpness."""

_LONGEST = 256
_COLOURS = (24, 24)


def image_figures(image: Image.Image, grey: Image.Image, small: bytes) -> tuple[float, ...]:
    """Return the figures of an RGB image, in the order of `PROPERTIES`.

    Parameters
    ----------
    image : Image
    grey : Image
        The same in shades of grey.
    small : bytes
        Grey values of its thumbnail.
    """
    brightness, spread = _mean_and_variance(np.frombuffer(small, np.uint8))
    some = image.resize(_COLOURS, Image.Resampling.NEAREST).convert("HSV").getchannel(1)
    saturation, _ = _mean_and_variance(np.frombuffer(some.tobytes(), np.uint8))
    return (
        float(image.width * image.height),
        image.width / image.height,
        brightness / 255,
        math.sqrt(spread) / 255,
        saturation / 255,
        _sharpness(grey),
    )


def _sharpness(grey: Image.Image) -> float:
    factor = math.ceil(max(grey.size) / _LONGEST)
    if factor > 1:
        grey = grey.reduce(factor)
    if min(grey.size) < 3:
        return 0.0
    shades = np.frombuffer(grey.tobytes(), np.uint8).reshape(grey.height, grey.width)
    shades = shades.astype(np.int16)
    laplacian = shades[:-2, 1:-1] + shades[2:, 1:-1]
    laplacian += shades[1:-1, :-2]
    laplacian += shades[1:-1, 2:]
    laplacian -= 4 * shades[1:-1, 1:-1]
    return _mean_and_variance(laplacian)[1]


def _mean_and_variance(values: np.ndarray) -> tuple[float, float]:
    # A third of the time that the methods of numpy take for so few values.
    flat = values.ravel().astype(np.float32)
    mean = float(flat.sum()) / len(flat)
    return mean, max(0.0, float(flat @ flat) / len(flat) - mean * mean)

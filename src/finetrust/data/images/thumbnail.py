"""Small grey thumbnails: all that near duplicates are found by."""

import math

import numpy as np
from PIL import Image

SIDE = 24


def thumbnail(image: Image.Image) -> bytes:
    """Return the grey values of an image, in RGB or grey, at 24 x 24 pixels, row by row.

    The filter is antialiased, so that the same picture in another size has the same thumbnail.
    """
    grey = image if image.mode == "L" else image.convert("L")
    return grey.resize((SIDE, SIDE), Image.Resampling.BILINEAR, reducing_gap=4.0).tobytes()


def as_thumbnails(signatures: np.ndarray) -> np.ndarray:
    """Return thumbnails (n, 24, 24) of signatures (n, side * side), of whatever side they are.

    Runs of older versions keep thumbnails of 16 x 16; they are enlarged, and little is lost.
    """
    side = math.isqrt(signatures.shape[1])
    squares = signatures.reshape(-1, side, side)
    if side in (0, SIDE):
        return squares.reshape(-1, SIDE, SIDE)
    places = (np.arange(SIDE) + 0.5) * side / SIDE - 0.5
    offsets = np.clip(places, 0, side - 1)[:, None] - np.arange(side)
    spread = np.maximum(0, 1 - np.abs(offsets)).astype(np.float32)
    return np.round(spread @ squares.astype(np.float32) @ spread.T).astype(np.uint8)

"""Perceptual hashes: bits that stay the same when a picture is encoded or scaled anew.

As in pHash (Zauner 2010, section 3.2.1), a picture is described by its lowest frequencies under the
discrete cosine transform. Each is weighted by its frequency, because spectra of natural pictures
fall with it: so coarse brightness does not drown the shapes. The bits are the signs of random
projections (Charikar 2002), and two pictures agree in a bit the likelier, the smaller the angle.
"""

import numpy as np

from finetrust.data.images.thumbnail import SIDE

_HIGHEST = 8


def describe(thumbnails: np.ndarray) -> np.ndarray:
    """Return unit vectors (n, 57); the product of two is how alike the pictures are (-1 to 1).

    A picture without any structure has the zero vector and is like no other.

    Parameters
    ----------
    thumbnails : uint8 array (n, 16, 16)

    Returns
    -------
    float32 array (n, 57)
    """
    vectors = thumbnails.reshape(len(thumbnails), SIDE * SIDE).astype(np.float32) @ _waves().T
    return vectors / np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), 1e-3)


def hash_bits(descriptors: np.ndarray, bits: int, table: int) -> np.ndarray:
    """Return hashes (n,) of so many bits (at most 62) as int64; each table has other projections.

    Parameters
    ----------
    descriptors : float array (n, 57)
        Centred, so that about half of the pictures have each bit.
    """
    draw = np.random.default_rng(table)
    projections = draw.standard_normal((descriptors.shape[1], bits), dtype=np.float32)
    return (descriptors @ projections > 0) @ (1 << np.arange(bits))


def _waves() -> np.ndarray:
    """Return the DCT-II waves (57, 256) up to the 8th frequency without the mean, weighted."""
    k = np.arange(SIDE)
    cosines = np.cos(np.pi * k[:, None] * (2 * k[None, :] + 1) / (2 * SIDE))
    cosines[0] /= np.sqrt(2)
    frequency = np.hypot(k[:, None], k[None, :])
    waves = frequency[:, :, None, None] * cosines[:, None, :, None] * cosines[None, :, None, :]
    low = (frequency > 0) & (frequency <= _HIGHEST)
    return waves[low].reshape(-1, SIDE * SIDE).astype(np.float32)

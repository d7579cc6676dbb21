"""Descriptors of pictures, and of what slight crops make of them: their tangents.

As in pHash (Zauner 2010, section 3.2.1), a picture is described by its lowest frequencies under the
discrete cosine transform. To mirror or turn it changes their signs and their order. They are whitened
by what slight crops do to pictures whose spectrum falls as in nature, with 1 / frequency (Field 1987):
directions that crops change much count little, as in linear discriminant analysis.

Slight shifts and changes of scale move the descriptor along four directions, and other contrast
along itself. How much of another descriptor lies in the space of these five is its likeness, crops
allowed for: the tangent distance of Simard, LeCun & Denker (1993, equations 2 to 6), one-sided.
"""

from functools import cache

import numpy as np

from finetrust.data.images.thumbnail import SIDE

TURNS = tuple((t, v, h) for t in (False, True) for v in (False, True) for h in (False, True))
"""The eight ways to turn a picture: swap its axes, then mirror it top to bottom, left to right."""

_HIGHEST = 6
_STRUCTURE = 1.0
_SHIFT, _SCALE = 0.04, 0.06


def describe(thumbnails: np.ndarray) -> np.ndarray:
    """Return unit vectors (n, 34); the product of two is how alike the pictures are (-1 to 1).

    A picture without any structure has the zero vector and is like no other.

    Parameters
    ----------
    thumbnails : uint8 array (n, 24, 24)

    Returns
    -------
    float32 array (n, 34)
    """
    found = thumbnails.reshape(len(thumbnails), SIDE * SIDE).astype(np.float32) @ _waves()[0].T
    return _unit(found, _STRUCTURE)


def tangents(thumbnails: np.ndarray) -> np.ndarray:
    """Return orthonormal bases (n, 5, 34): the descriptor, then where slight crops move it to.

    Parameters
    ----------
    thumbnails : uint8 array (n, 24, 24)
    """
    flat = thumbnails.reshape(len(thumbnails), SIDE * SIDE).astype(np.float32)
    bases = np.empty((len(flat), len(_waves()), len(_frequencies()[0])), np.float32)
    for row, waves in enumerate(_waves()):
        vectors = _unit(flat @ waves.T, _STRUCTURE if row == 0 else 1e-6)
        for before in range(row):
            known = bases[:, before]
            vectors -= np.einsum("nd,nd->n", vectors, known)[:, None] * known
        bases[:, row] = _unit(vectors, 1e-3)
    return bases


def turn(descriptors: np.ndarray, way: tuple[bool, bool, bool]) -> np.ndarray:
    """Return the descriptors (n, 34) that the pictures have when turned, see `TURNS`."""
    swap, vertical, horizontal = way
    down, right = _frequencies()
    signs = np.where((down % 2 == 1) & vertical, -1, 1) * np.where(
        (right % 2 == 1) & horizontal, -1, 1
    )
    if swap:
        place = {frequency: i for i, frequency in enumerate(zip(down, right, strict=True))}
        order = [place[across, along] for along, across in zip(down, right, strict=True)]
        descriptors = descriptors[:, order]
    return np.asarray(descriptors * signs.astype(np.float32))


def turn_picture(thumbnails: np.ndarray, way: tuple[bool, bool, bool]) -> np.ndarray:
    """Return the thumbnails (n, 24, 24) turned, see `TURNS`."""
    swap, vertical, horizontal = way
    turned = thumbnails.transpose(0, 2, 1) if swap else thumbnails
    turned = turned[:, ::-1] if vertical else turned
    return turned[:, :, ::-1] if horizontal else turned


def _unit(vectors: np.ndarray, least: float) -> np.ndarray:
    """Return vectors of length 1; those shorter than `least` become zero."""
    lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
    return np.asarray(vectors * (lengths >= least) / np.maximum(lengths, least))


@cache
def _frequencies() -> tuple[np.ndarray, np.ndarray]:
    """Return the frequencies (34,) down and to the right, up to the 6th, without the mean."""
    k = np.arange(SIDE)
    frequency = np.hypot(k[:, None], k[None, :])
    down, right = np.nonzero((frequency > 0) & (frequency <= _HIGHEST))
    return down, right


@cache
def _waves() -> np.ndarray:
    """Return what makes a descriptor (34, 576) of a picture, and of its four derivatives.

    These are by shift and by scale, to the right and down: float32 array (5, 34, 576).
    """
    k = np.arange(SIDE)
    cosines = np.cos(np.pi * k[:, None] * (2 * k[None, :] + 1) / (2 * SIDE))
    cosines[0] /= np.sqrt(2)
    down, right = _frequencies()
    waves = cosines[down][:, :, None] * cosines[right][:, None, :]
    slope = np.asarray(np.gradient(np.eye(SIDE), axis=0))
    place = ((k + 0.5) / SIDE - 0.5)[:, None]
    derived = np.stack(
        [
            waves,
            waves @ slope,
            waves @ (slope * place),
            slope.T @ waves,
            (slope * place).T @ waves,
        ]
    ).reshape(5, -1, SIDE * SIDE)
    return np.asarray(_whitening(derived) @ derived, dtype=np.float32)


def _whitening(derived: np.ndarray) -> np.ndarray:
    """Return the inverse root (34, 34) of the covariance of what slight crops change."""
    k = np.arange(SIDE)
    cosines = np.cos(np.pi * k[:, None] * (2 * k[None, :] + 1) / (2 * SIDE))
    cosines[0] /= np.sqrt(2)
    fall = np.hypot(k[:, None], k[None, :])
    fall[0, 0] = np.inf
    pictures = cosines[:, None, :, None] * cosines[None, :, None, :] / fall[:, :, None, None]
    changes = derived[1:] @ pictures.reshape(-1, SIDE * SIDE).T
    spread = np.array([_SHIFT, _SCALE, _SHIFT, _SCALE])
    covariance = np.einsum("s,sip,sjp->ij", spread**2, changes, changes)
    values, vectors = np.linalg.eigh(covariance)
    return np.asarray((vectors / np.sqrt(values)) @ vectors.T)

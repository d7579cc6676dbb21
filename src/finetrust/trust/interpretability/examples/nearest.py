"""The nearest known items in the space of a network's features, block by block."""

from typing import Literal

import numpy as np

Metric = Literal["cosine", "euclidean"]

_NUMBERS_AT_ONCE = 1 << 23
_SPARE = 8


def nearest_items(
    asked: np.ndarray,
    known: np.ndarray,
    count: int,
    metric: Metric = "cosine",
    groups: tuple[np.ndarray, np.ndarray] | None = None,
) -> tuple[np.ndarray, np.ndarray]:
    """Return the known items that are nearest to each asked one, the nearest first.

    Candidates are found by products in float32, a few more than are asked for; their distances and
    their order are those of float64. Memory beyond a float32 copy of the features is bounded.

    Parameters
    ----------
    asked : float array (m, d)
        Finite.
    known : float array (n, d)
        Finite.
    count : int
        At least 1.
    metric : {"cosine", "euclidean"}
        One minus the cosine (1 where a vector is zero), or the length of the difference.
    groups : pair of int arrays (m,) and (n,), optional
        An item's neighbours are never of its own group: its label, or the item itself.

    Returns
    -------
    positions : int64 array (m, count)
        In `known`; of equally near items the first. -1 where there are no more.
    distances : float64 array (m, count)
        Infinite where there are no more.
    """
    positions = np.full((len(asked), count), -1, np.int64)
    distances = np.full((len(asked), count), np.inf)
    if not len(asked) or not len(known):
        return positions, distances
    place = _directions if metric == "cosine" else np.asarray
    placed = place(known)
    # Differences from the centre lose less in float32.
    centre = placed.mean(axis=0, dtype=np.float64).astype(placed.dtype)
    items = (placed - centre).astype(np.float32, copy=False)
    squares = np.einsum("nd,nd->n", items, items)
    most = min(count + _SPARE, len(known))
    kept = min(count, len(known))
    at_once = max(1, _NUMBERS_AT_ONCE // max(len(known), most * known.shape[1]))
    for start in range(0, len(asked), at_once):
        rows = slice(start, start + at_once)
        some = (place(asked[rows]) - centre).astype(np.float32, copy=False)
        # Up to a term that is the same for all known items.
        roughly = squares - 2 * (some @ items.T)
        if groups is not None:
            roughly[groups[0][rows, None] == groups[1]] = np.inf
        near = np.sort(np.argpartition(roughly, most - 1, axis=1)[:, :most], axis=1)
        apart = _distances(asked[rows], known[near], metric)
        apart[~np.isfinite(np.take_along_axis(roughly, near, axis=1))] = np.inf
        order = np.argsort(apart, axis=1, kind="stable")[:, :kept]
        apart = np.take_along_axis(apart, order, axis=1)
        distances[rows, :kept] = apart
        positions[rows, :kept] = np.where(
            np.isfinite(apart), np.take_along_axis(near, order, axis=1), -1
        )
    return positions, distances


def _directions(features: np.ndarray) -> np.ndarray:
    """Return the features at length 1; zeros stay zeros."""
    lengths = np.sqrt(np.einsum("nd,nd->n", features, features))[:, None]
    return features / np.where(lengths > 0, lengths, 1)


def _distances(some: np.ndarray, near: np.ndarray, metric: Metric) -> np.ndarray:
    """Return float64 distances (m, k) of items (m, d) to those near them (m, k, d)."""
    ones, others = some.astype(np.float64), near.astype(np.float64)
    if metric == "euclidean":
        return np.linalg.norm(ones[:, None] - others, axis=2)
    lengths = np.linalg.norm(ones, axis=1)[:, None] * np.linalg.norm(others, axis=2)
    products = np.einsum("md,mkd->mk", ones, others)
    cosines = np.divide(products, lengths, out=np.zeros_like(products), where=lengths > 0)
    return np.clip(1 - cosines, 0, 2)

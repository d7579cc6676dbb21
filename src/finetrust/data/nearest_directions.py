"""The nearest of known directions, block by block."""

from collections.abc import Iterator

import numpy as np

_SIMILARITIES_AT_ONCE = 1 << 23
_NUMBERS_AT_ONCE = 1 << 24


def nearest_directions(
    asked: np.ndarray, known: np.ndarray, count: int
) -> Iterator[tuple[slice, np.ndarray, np.ndarray]]:
    """Yield asked rows, the known rows that are nearest to each, and how far these are, in no order.

    Parameters
    ----------
    asked : float32 array (n, d)
        Of length 1 each.
    known : float32 array (m, d)
        Of length 1 each.
    count : int
        From 1 to m.

    Yields
    ------
    slice
        Of `asked`; the slices follow each other.
    int64 array (rows, count)
    float32 array (rows, count)
        Lengths of the differences: products of float32 cannot tell small distances from none.
    """
    at_once = max(
        1,
        min(_SIMILARITIES_AT_ONCE // len(known), _NUMBERS_AT_ONCE // (count * known.shape[1])),
    )
    for start in range(0, len(asked), at_once):
        rows = slice(start, start + at_once)
        some = asked[rows]
        near = np.argpartition(-(some @ known.T), count - 1, axis=1)[:, :count]
        yield rows, near, np.linalg.norm(some[:, None] - known[near], axis=2)

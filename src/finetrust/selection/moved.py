"""How far features move when an input is disturbed, beside how far apart the inputs' features lie.

In the spirit of the invariance measures of Goodfellow, Le, Saxe & Ng, "Measuring Invariances in Deep
Networks", NIPS 2009: how much a representation responds to a change, as a share of how much it responds
to another input.
"""

import numpy as np

from finetrust.core.errors import NotApplicable

PAIRS = 10_000


def relative_distance(clean: np.ndarray, disturbed: np.ndarray, apart: float) -> np.ndarray:
    """Return how far each item moved, in typical distances between two items.

    0: not at all; 1: as far as it is to another item.

    Parameters
    ----------
    clean, disturbed : float array (n, d)
    apart : float
        From :func:`typical_distance`.

    Returns
    -------
    float64 array (n,)
    """
    moved = np.linalg.norm(disturbed.astype(np.float64) - clean.astype(np.float64), axis=1)
    return moved / apart


def typical_distance(features: np.ndarray, seed: int) -> float:
    """Return the mean distance of two different items, of at most ``PAIRS`` pairs.

    Parameters
    ----------
    features : float array (n, d)
    seed : int

    Raises
    ------
    NotApplicable
        If all features are alike.
    """
    n = len(features)
    if n < 2:
        raise NotApplicable("there is only one item")
    rng = np.random.default_rng(seed)
    first = rng.integers(0, n, PAIRS)
    second = (first + rng.integers(1, n, PAIRS)) % n
    values = features.astype(np.float64)
    apart = float(np.linalg.norm(values[first] - values[second], axis=1).mean())
    if not apart > 0:
        raise NotApplicable("the features of all items are alike")
    return apart

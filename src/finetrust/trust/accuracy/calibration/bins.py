"""Bins of probabilities: of equal width, and with an equal number of items each."""

import numpy as np

BINS = 15


def edges() -> np.ndarray:
    """Return the edges of the bins of equal width: float64 array (16,)."""
    return np.linspace(0, 1, BINS + 1)


def equal_width(p: np.ndarray) -> np.ndarray:
    """Return the bin ((m - 1) / 15, m / 15] of each probability: int array (n,) from 0."""
    return np.clip(np.searchsorted(edges(), p, side="left") - 1, 0, BINS - 1)


def equal_mass(p: np.ndarray) -> np.ndarray:
    """Return the bin of each probability, of up to 15 that hold equally many.

    Equal probabilities share a bin, so that some bins may hold more items and some none.

    Parameters
    ----------
    p : float array (n,)

    Returns
    -------
    int array (n,)
        From 0 to 14.
    """
    n = len(p)
    ranked = np.sort(p)
    inner = ranked[np.maximum(np.arange(1, BINS) * n // BINS - 1, 0)] if n else ranked
    return np.searchsorted(inner, p, side="left")

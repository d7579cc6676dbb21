"""Calibrated class by class, then normalised: what isotonic regression and histogram binning share.

Zadrozny & Elkan, "Transforming classifier scores into accurate multiclass probability estimates",
KDD 2002, section 5.
"""

import numpy as np


def log_normalised(p: np.ndarray) -> np.ndarray:
    """Return the logarithm of the rows of `p`, divided by their sums.

    Parameters
    ----------
    p : float64 array (n, classes)
        Positive.

    Returns
    -------
    float64 array (n, classes)
    """
    return np.log(p) - np.log(p.sum(axis=1, keepdims=True))


def smoothed_shares(targets: np.ndarray, classes: int) -> np.ndarray:
    """Return the share of each class with one more item of each: float64 array (classes,)."""
    return (np.bincount(targets, minlength=classes) + 1) / (len(targets) + classes)

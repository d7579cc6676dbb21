"""Which items are worth showing: the most confident errors, and right ones drawn at random."""

import numpy as np


def confident_errors(
    predicted: np.ndarray, targets: np.ndarray, confidence: np.ndarray, count: int
) -> np.ndarray:
    """Return the wrong items with the highest confidence, the most confident first.

    Parameters
    ----------
    predicted, targets : int array (n,)
    confidence : float array (n,)
        Probability of the predicted class; an item where it is not finite is never chosen.
    count : int
        How many at most.

    Returns
    -------
    int64 array (m,)
        Positions; m <= count. Of equally confident items the first.
    """
    wrong = np.flatnonzero((predicted != targets) & np.isfinite(confidence))
    order = np.argsort(-confidence[wrong], kind="stable")
    return wrong[order[:count]]


def random_correct(predicted: np.ndarray, targets: np.ndarray, count: int, seed: int) -> np.ndarray:
    """Return right items drawn at random without replacement, in the order of their position.

    Parameters
    ----------
    predicted, targets : int array (n,)
    count : int
        How many at most.
    seed : int

    Returns
    -------
    int64 array (m,)
        Positions; m <= count.
    """
    right = np.flatnonzero(predicted == targets)
    drawn = np.random.default_rng(seed).choice(right, min(count, len(right)), replace=False)
    return np.sort(drawn)

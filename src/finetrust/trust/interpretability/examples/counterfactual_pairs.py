"""Counterfactual pairs: the most similar known item that has another class than an item was given.

The nearest unlike neighbour of case-based explanation (Keane & Smyth, "Good Counterfactuals and Where to
Find Them", ICCBR 2020, section 2).
"""

import numpy as np

from finetrust.trust.interpretability.examples.nearest import Metric, nearest_items


def counterfactual_pairs(
    asked: np.ndarray,
    answers: np.ndarray,
    known: np.ndarray,
    labels: np.ndarray,
    metric: Metric = "cosine",
) -> tuple[np.ndarray, np.ndarray]:
    """Return for each item the nearest known item whose label is not its answer.

    Parameters
    ----------
    asked : float array (m, d)
        Features.
    answers : int array (m,)
        The classes that they were given.
    known : float array (n, d)
        Features of labelled items.
    labels : int array (n,)
    metric : {"cosine", "euclidean"}

    Returns
    -------
    positions : int64 array (m,)
        In `known`; -1 where all known items have the item's class.
    distances : float64 array (m,)
        Infinite there.
    """
    positions, distances = nearest_items(asked, known, 1, metric, (answers, labels))
    return positions[:, 0], distances[:, 0]

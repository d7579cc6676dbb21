"""The Pareto front: points that no other one beats for nothing, of exact or of uncertain figures."""

import numpy as np


def pareto_front(low: np.ndarray, high: np.ndarray | None = None) -> np.ndarray:
    """Return which points no other point dominates.

    A point dominates another if it is clearly better somewhere and nowhere clearly worse; clearly: their
    intervals do not meet. Of exact figures it is at least as high in everything and higher in something
    (Deb 2001, "Multi-Objective Optimization using Evolutionary Algorithms", definition 2.5); equal points
    do not dominate each other. What a point lacks (NaN) neither helps nor harms it.

    Parameters
    ----------
    low : float array (n, objectives)
        The lower ends of the intervals, or exact figures; higher is better.
    high : float array (n, objectives), optional
        The upper ends. [default: `low`]

    Returns
    -------
    bool array (n,)
    """
    with np.errstate(invalid="ignore"):
        better = low[:, None] > (low if high is None else high)[None]
    dominates = better.any(axis=2) & ~better.any(axis=2).T
    return np.logical_not(dominates.any(axis=0)).reshape(-1)

"""Of points that are better the higher they lie: how much space their front rules, and its middle."""

import numpy as np

from finetrust.core.pareto import pareto_front


def hypervolume(points: np.ndarray, reference: np.ndarray) -> float:
    """Return the volume of all that lies above `reference` and below some point.

    The S-metric of Zitzler & Thiele (1998), "Multiobjective Optimization Using Evolutionary Algorithms -
    A Comparative Case Study", PPSN V, section 3; exact, by slices along the last objective.

    Parameters
    ----------
    points : float array (n, objectives)
        Higher is better; finite.
    reference : float array (objectives,)
        What does not exceed it in everything counts nothing.

    Returns
    -------
    float
        In the product of the units of the objectives; 0 if there is no such point.
    """
    above = points[(points > reference).all(axis=1)]
    return _volume(above[pareto_front(above)] - reference)


def compromise(points: np.ndarray) -> int:
    """Return the point of the front that is nearest to the best of everything.

    Every objective is scaled by its range over the front, and the distance is Euclidean: compromise
    programming (Zeleny 1973, "Compromise Programming", in "Multiple Criteria Decision Making", with
    p = 2). With one objective it is the best point.

    Parameters
    ----------
    points : float array (n, objectives)
        Higher is better; at least one point.

    Returns
    -------
    int
        Row; the first of equal ones.
    """
    rows = np.flatnonzero(pareto_front(points))
    front = points[rows]
    spread = np.ptp(front, axis=0)
    missing = (front.max(axis=0) - front) / np.where(spread > 0, spread, 1.0)
    return int(rows[np.argmin((missing**2).sum(axis=1))])


def _volume(gains: np.ndarray) -> float:
    """Return the volume between the origin and points (n, objectives) with positive coordinates."""
    if len(gains) == 0:
        return 0.0
    if gains.shape[1] == 1:
        return float(gains.max())
    ordered = gains[np.argsort(-gains[:, -1])]
    depths = ordered[:, -1] - np.append(ordered[1:, -1], 0.0)
    return sum(
        float(depth) * _volume(ordered[: i + 1, :-1]) for i, depth in enumerate(depths) if depth > 0
    )

"""The training items that spoke most for a decision, and most against it."""

import numpy as np


def proponents(influence: np.ndarray, count: int) -> tuple[np.ndarray, np.ndarray]:
    """Return the training items that help each asked item most, and those that harm it most.

    Parameters
    ----------
    influence : float array (m, n)
        Positive where a training item helps, as of
        :func:`~finetrust.trust.interpretability.examples.influence.influence` and
        :func:`~finetrust.trust.interpretability.examples.tracin.tracin`.
    count : int
        At most so many of each.

    Returns
    -------
    for_it, against_it : int64 arrays (m, count)
        Positions, the strongest first, of equal ones the first; -1 where no more help, or harm.
    """
    return _highest(influence, count), _highest(-influence, count)


def _highest(values: np.ndarray, count: int) -> np.ndarray:
    found = np.full((len(values), count), -1, np.int64)
    order = np.argsort(-values, axis=1, kind="stable")[:, :count]
    strongest = np.take_along_axis(values, order, axis=1)
    found[:, : order.shape[1]] = np.where(strongest > 0, order, -1)
    return found

"""Correction of p-values for the number of tests.

Holm, "A simple sequentially rejective multiple test procedure", Scandinavian Journal of Statistics
1979, section 3 with its weights.
"""

import numpy as np


def holm(p_values: np.ndarray, weights: np.ndarray | None = None) -> np.ndarray:
    """Return p-values such that calling those up to 0.05 a finding is wrong at most 5 % of the time.

    That is the probability of a single wrong finding among all of them, however they depend on each
    other.

    Parameters
    ----------
    p_values : float array (m,)
    weights : float array (m,), optional
        Positive; how much of the 5 % each is given. Equal ones by default.

    Returns
    -------
    float64 array (m,)
        Not below `p_values`, at most 1, and in the same order as ``p_values / weights``.
    """
    p_values = np.asarray(p_values, dtype=np.float64)
    if not len(p_values):
        return p_values
    weights = np.ones(len(p_values)) if weights is None else np.asarray(weights, dtype=np.float64)
    order = np.argsort(p_values / weights, kind="stable")
    left = np.cumsum(weights[order][::-1])[::-1]
    stepped = np.maximum.accumulate(p_values[order] * left / weights[order])
    adjusted = np.empty_like(stepped)
    adjusted[order] = np.maximum(np.minimum(stepped, 1.0), p_values[order])
    return adjusted


def shared_out(main: np.ndarray) -> np.ndarray:
    """Return the weights by which the main tests and the others get half each.

    Parameters
    ----------
    main : bool array (m,)
        Which tests are the main ones, so that hundreds of others do not drown them.

    Returns
    -------
    float64 array (m,)
    """
    n_main, n_other = int(main.sum()), int((~main).sum())
    return np.where(main, 1 / max(n_main, 1), 1 / max(n_other, 1))

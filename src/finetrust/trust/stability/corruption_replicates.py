"""Figures under corruption on the shared resamples of the clean items, by which two models are paired.

Efron & Tibshirani, "An Introduction to the Bootstrap", 1993, section 8.3.
"""

import numpy as np

from finetrust.core.evidence import Evidence
from finetrust.trust.accuracy.intervals import RESAMPLES, resampled_means


def rows_of_clean(evidence: Evidence, ids: np.ndarray) -> np.ndarray:
    """Return which clean items have the given ids: int array (m,)."""
    order = np.argsort(evidence.clean.ids)
    return order[np.searchsorted(evidence.clean.ids, ids, sorter=order)]


def shared_means(evidence: Evidence, ids: np.ndarray, columns: np.ndarray) -> np.ndarray:
    """Return the column means over the corrupted items in each shared resample of all clean items.

    All clean items are resampled, though perhaps only some were corrupted, so that an item is drawn as
    often for one model as for another, whichever others were corrupted beside it.

    Parameters
    ----------
    evidence : Evidence
    ids : str array (m,)
        The corrupted items, all of them clean items as well.
    columns : float array (m, k)

    Returns
    -------
    float64 array (RESAMPLES, k)
        NaN where a resample has none of the items.
    """
    n = len(evidence.clean)
    spread = np.zeros((n, columns.shape[1] + 1))
    rows = rows_of_clean(evidence, ids)
    spread[rows, :-1], spread[rows, -1] = columns, 1
    means = resampled_means(spread, RESAMPLES, evidence.seed)
    share = means[:, -1:]
    # Blocks are centred before they are summed: nothing at all may come to a little by rounding.
    return means[:, :-1] / np.where(share > 0.5 / n, share, np.nan)

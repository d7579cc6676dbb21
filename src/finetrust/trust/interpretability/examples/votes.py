"""The class that most of an item's neighbours have.

Cover & Hart, "Nearest neighbor pattern classification", IEEE Transactions on Information Theory 13, 1967.
"""

import numpy as np

from finetrust.trust.accuracy.probabilities import NO_ANSWER


def votes(labels: np.ndarray) -> np.ndarray:
    """Return the most frequent label of each row; of equally frequent ones that which comes first.

    Parameters
    ----------
    labels : int array (n, k)
        Of the neighbours, the nearest first; ``NO_ANSWER`` where there is none.

    Returns
    -------
    int64 array (n,)
        ``NO_ANSWER`` where there is no neighbour.
    """
    there = labels != NO_ANSWER
    counts = ((labels[:, :, None] == labels[:, None, :]) & there[:, None, :]).sum(axis=2)
    counts = np.where(there, counts, -1)
    if not labels.shape[1]:
        return np.full(len(labels), NO_ANSWER, np.int64)
    best = counts.argmax(axis=1)
    return labels[np.arange(len(labels)), best].astype(np.int64)

"""The share of right decisions where decisions come in clusters, with an interval for few errors too."""

import numpy as np

from finetrust.trust.accuracy.ratios import share_interval


def clustered_share(right: np.ndarray, decisions: np.ndarray) -> tuple[float, float]:
    """Return the Wilson interval of a share of as many decisions as have its variance.

    The variance is that of a ratio of means over the clusters (Cochran, "Sampling Techniques", 1977,
    section 2.11), as if there were two clusters more of average size, one all right and one all
    wrong (Agresti & Coull, "Approximate is better than 'exact'", The American Statistician 52, 1998):
    where no cluster has an error, or few have one, resampling shows too little. Of clusters of one
    decision each that are independent, as many count as there are.

    Parameters
    ----------
    right, decisions : float arrays (n,)
        Of each cluster; at least one decision in all.

    Returns
    -------
    low, high : float
    """
    there = decisions > 0
    size = decisions[there].mean()
    hits = np.append(right[there], [size, 0.0])
    uses = np.append(decisions[there], [size, size])
    mean = hits.sum() / uses.sum()
    variance = (((hits - mean * uses) / uses.sum()) ** 2).sum()
    n = max(1.0, mean * (1 - mean) / variance - 2)
    return share_interval(float(right.sum() / decisions.sum()), n)

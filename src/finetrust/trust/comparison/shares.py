"""Difference of two shares of the same items, such as two accuracies.

McNemar, "Note on the sampling error of the difference between correlated proportions", Psychometrika
1947; Bonett & Price, "Adjusted Wald confidence interval for a difference of binomial proportions
based on paired data", J. Educ. Behav. Stat. 2012.
"""

import numpy as np

from finetrust.trust.accuracy.right.baseline import paired_difference
from finetrust.trust.comparison.tested import Tested

METHOD = (
    "Adjusted Wald interval of paired shares (Bonett & Price 2012, eq. 5); exact McNemar test "
    "(McNemar 1947)"
)


def share_difference(reference: np.ndarray, other: np.ndarray) -> Tested:
    """Return the difference of the shares of items for which something holds.

    Parameters
    ----------
    reference, other : bool arrays (n,)
        Of the same items in the same order; at least one.
    """
    gained, lost = int((other & ~reference).sum()), int((reference & ~other).sum())
    low, high = paired_difference(gained, lost, len(reference))
    return Tested(low, high, mcnemar(gained, lost), True, METHOD)


def mcnemar(gained: int, lost: int) -> float:
    """Return the two-sided p-value of McNemar's exact test.

    Without a difference, each of the ``gained + lost`` discordant items is as likely to be of one
    kind as of the other.
    """
    from scipy.stats import binomtest

    return float(binomtest(gained, gained + lost).pvalue) if gained + lost else 1.0

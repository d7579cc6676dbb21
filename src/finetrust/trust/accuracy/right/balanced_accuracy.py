"""Balanced accuracy: the mean of the recalls of the classes."""

from collections.abc import Iterator

import numpy as np

from finetrust.core.evidence import Evidence
from finetrust.core.measure import Estimate, measure
from finetrust.trust.accuracy.ratios import share_interval
from finetrust.trust.accuracy.right.tallies import (
    Tallies,
    replicates_of,
    tallies_of,
)


@measure(
    "balanced_accuracy",
    axis="accuracy",
    title="Balanced accuracy",
    better="higher",
    method="Mean over the classes of the share of their items that the model recognises; classes "
    "without items are left out. The Wilson interval of a share of as many items as have the "
    "variance of that mean, where every class varies as if it had one right and one wrong item more: "
    "a rare class that is all right by chance would vary in no resample.",
    reference="Brodersen et al. 2010, ICPR, The balanced accuracy and its posterior distribution",
    unit="%",
    needs=("target", "logits|predicted_class"),
    meaning="The accuracy if every class were equally common.",
    topic="right",
)
def balanced_accuracy(evidence: Evidence) -> Iterator[Estimate]:
    """Yield the balanced accuracy."""
    tallies = tallies_of(evidence)
    value = float(balanced_accuracy_of(tallies)[0])
    low, high = share_interval(value, effective_items(tallies.hits[0], tallies.targets[0]))
    yield Estimate(
        value,
        low,
        high,
        len(evidence.clean),
        replicates=replicates_of(evidence, balanced_accuracy_of),
    )


def balanced_accuracy_of(tallies: Tallies) -> np.ndarray:
    """Return the mean recall of the classes that have items: float64 array (r,)."""
    there = tallies.targets > 0
    recalls = tallies.hits / np.where(there, tallies.targets, 1)
    return recalls.sum(axis=1) / there.sum(axis=1)


def effective_items(hits: np.ndarray, targets: np.ndarray) -> float:
    """Return of how many items a plain share has the variance of the mean of the class shares.

    With ``s_c = (hits_c + 1) / (targets_c + 2)``, Laplace's rule of succession, for each of k classes::

        mean(s) (1 - mean(s)) / (1/k^2 sum_c s_c (1 - s_c) / targets_c)

    The Wilson interval of so many covers the true value in 92 to 99 % of 2,000 simulated data sets
    of 13 kinds, from two classes of 990 and 8 items to 200 of one item each.

    Parameters
    ----------
    hits, targets : float arrays (classes,)
        Items of each class that are recognised, and its items.
    """
    there = targets > 0
    shares = (hits[there] + 1) / (targets[there] + 2)
    variance = (shares * (1 - shares) / targets[there]).sum() / len(shares) ** 2
    mean = shares.mean()
    return float(mean * (1 - mean) / variance)

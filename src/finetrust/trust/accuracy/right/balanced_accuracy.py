"""Balanced accuracy: the mean of the recalls of the classes."""

from collections.abc import Iterator

import numpy as np

from finetrust.core.evidence import Evidence
from finetrust.core.measure import Estimate, measure
from finetrust.trust.accuracy.ratios import share_interval
from finetrust.trust.accuracy.right.tallies import (
    Tallies,
    interval_of,
    replicates_of,
    tallies_of,
)


@measure(
    "balanced_accuracy",
    axis="accuracy",
    title="Balanced accuracy",
    better="higher",
    method="Mean over the classes of the share of their items that the model recognises; classes "
    "without items are left out. BCa bootstrap over items; where all items are right, or all "
    "wrong, the Wilson interval of as many items as have the same variance if every class were "
    "equally common.",
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
    interval = interval_of(evidence, balanced_accuracy_of)
    low, high = interval or share_interval(value, effective_items(tallies.targets[0]))
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


def effective_items(targets: np.ndarray) -> float:
    """Return of how many items a plain share has the variance of the mean of the class shares.

    Parameters
    ----------
    targets : float array (classes,)
        Items of each class.
    """
    there = targets[targets > 0]
    return float(len(there) ** 2 / (1 / there).sum())

"""Slices by class: the items that are of it, and the items that the model says are of it."""

from collections.abc import Sequence

import numpy as np

from finetrust.trust.accuracy.groups.partition import Partition
from finetrust.trust.accuracy.probabilities import NO_ANSWER


def by_class(targets: np.ndarray, predicted: np.ndarray, names: Sequence[str]) -> list[Partition]:
    """Return the items divided by their class, and by the class that was predicted.

    Parameters
    ----------
    targets, predicted : int array (n,)
        Items without an answer are of no predicted class.
    names : sequence of str
    """
    answered = np.where(predicted == NO_ANSWER, -1, predicted)
    return [
        Partition("class", tuple(f"class “{name}”" for name in names), targets),
        Partition("predicted", tuple(f"predicted as “{name}”" for name in names), answered),
    ]

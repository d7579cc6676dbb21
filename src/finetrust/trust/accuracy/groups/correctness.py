"""Whether each item is right as a whole, by the measure whose share of items that is."""

from collections.abc import Callable, Mapping

import numpy as np

from finetrust.core.evidence import Evidence
from finetrust.trust.accuracy.answers import decisions_of
from finetrust.trust.accuracy.labels.label_answers import decided, targets_of


def right_classes(evidence: Evidence) -> np.ndarray:
    """Return whether the class of each item is right: bool array (n,)."""
    return np.asarray(decisions_of(evidence) == evidence.clean["target"])


def right_label_sets(evidence: Evidence) -> np.ndarray:
    """Return whether each item has exactly its labels: bool array (n,)."""
    given = decided(evidence.clean, evidence.calibration)
    return np.asarray((given == targets_of(evidence.clean)).all(axis=1))


CORRECTNESS: Mapping[str, Callable[[Evidence], np.ndarray]] = {
    "accuracy": right_classes,
    "subset_accuracy": right_label_sets,
}
"""By measure: what its value is the mean of."""

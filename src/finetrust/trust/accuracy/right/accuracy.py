"""Accuracy: the share of items whose predicted class is the target."""

from collections.abc import Iterator

import numpy as np

from finetrust.core.evidence import Evidence
from finetrust.core.measure import Estimate, measure
from finetrust.trust.accuracy.answers import decisions_of
from finetrust.trust.accuracy.class_names import class_names
from finetrust.trust.accuracy.intervals import resampled_means, wilson
from finetrust.trust.accuracy.probabilities import NO_ANSWER


@measure(
    "accuracy",
    axis="accuracy",
    title="Accuracy",
    better="higher",
    method="Share of items for which the class with the highest score is the true class; an item "
    "without a finite score counts as wrong. Wilson score interval.",
    reference="Wilson 1927, JASA 22(158)",
    unit="%",
    needs=("target", "logits|predicted_class"),
    share=True,
    meaning="How often the model gives the right answer.",
    topic="right",
)
def accuracy(evidence: Evidence) -> Iterator[Estimate]:
    """Yield the accuracy; the details hold the confusion matrix."""
    targets, predicted = evidence.clean["target"], decisions_of(evidence)
    right = predicted == targets
    low, high = wilson(right.sum(), len(right))
    names = class_names(evidence)
    details = {
        "classes": names,
        "confusion": confusion_matrix(targets, predicted, len(names)).tolist(),
        "no_answer": int((predicted == NO_ANSWER).sum()),
    }
    yield Estimate(
        float(right.mean()),
        float(low),
        float(high),
        len(right),
        details=details,
        replicates=lambda: resampled_means(right[:, None], seed=evidence.seed)[:, 0],
    )


def confusion_matrix(targets: np.ndarray, predicted: np.ndarray, n_classes: int) -> np.ndarray:
    """Return how often each target (row) was predicted as each class (column).

    Parameters
    ----------
    targets, predicted : int array (n,)
        Items without an answer (``NO_ANSWER``) stand in no column.
    n_classes : int

    Returns
    -------
    int64 array (n_classes, n_classes)
    """
    answered = predicted != NO_ANSWER
    cells = targets[answered] * n_classes + predicted[answered]
    return np.bincount(cells, minlength=n_classes**2).reshape(n_classes, n_classes)

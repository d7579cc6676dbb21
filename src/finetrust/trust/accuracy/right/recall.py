"""Recall: the accuracy within each class."""

from collections.abc import Iterator

import numpy as np

from finetrust.core.evidence import Evidence
from finetrust.core.measure import Estimate, measure
from finetrust.trust.accuracy.class_names import class_names
from finetrust.trust.accuracy.intervals import wilson
from finetrust.trust.accuracy.probabilities import is_right


@measure(
    "recall",
    axis="accuracy",
    title="Recall per class",
    better="higher",
    method="Share of the items of a class that the model recognises as that class; a class "
    "without items is left out. Wilson score interval, one class at a time.",
    reference="Wilson 1927, JASA 22(158)",
    unit="%",
    needs=("logits",),
    share=True,
    topic="right",
)
def recall(evidence: Evidence) -> Iterator[Estimate]:
    """Yield the recall of every class that has items."""
    names = class_names(evidence)
    targets = evidence.clean["target"]
    n = np.bincount(targets, minlength=len(names))
    right = np.bincount(targets[is_right(evidence.clean)], minlength=len(names))
    low, high = wilson(right, n)
    for c in np.flatnonzero(n):
        share = float(right[c] / n[c])
        subset = f"class={names[c]}"
        yield Estimate(share, float(low[c]), float(high[c]), int(n[c]), subset=subset)

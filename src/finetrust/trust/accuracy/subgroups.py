"""Accuracy within each subgroup of the evaluation data."""

from collections.abc import Iterator

import numpy as np

from finetrust.core.errors import NotApplicable
from finetrust.core.evidence import Evidence
from finetrust.core.measure import Estimate, measure
from finetrust.trust.accuracy.intervals import wilson
from finetrust.trust.accuracy.probabilities import is_right


@measure(
    "subgroup_accuracy",
    axis="accuracy",
    title="Accuracy per subgroup",
    better="higher",
    method="Accuracy among the items of each value of each subgroup column. Wilson score "
    "interval, one subgroup at a time.",
    reference="Wilson 1927, JASA 22(158)",
    unit="%",
    needs=("logits",),
    share=True,
    topic="groups",
)
def subgroup_accuracy(evidence: Evidence) -> Iterator[Estimate]:
    """Yield the accuracy of every value of every subgroup column."""
    if not evidence.groups:
        raise NotApplicable("the evaluation data have no subgroup columns")
    right = is_right(evidence.clean)
    for column, values in evidence.groups.items():
        names, of_item = np.unique(values, return_inverse=True)
        n = np.bincount(of_item)
        hits = np.bincount(of_item[right], minlength=len(names))
        low, high = wilson(hits, n)
        for g, name in enumerate(names):
            share, subset = float(hits[g] / n[g]), f"{column}={name}"
            yield Estimate(share, float(low[g]), float(high[g]), int(n[g]), subset=subset)

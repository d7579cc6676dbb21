"""Weighted F1: precision and recall in one number, every class counting by its items."""

from collections.abc import Iterator

import numpy as np

from finetrust.core.evidence import Evidence
from finetrust.core.measure import Estimate, measure
from finetrust.trust.accuracy.ratios import share_interval
from finetrust.trust.accuracy.right.f1 import f1_scores
from finetrust.trust.accuracy.right.tallies import (
    Tallies,
    interval_of,
    replicates_of,
    tallies_of,
)


@measure(
    "weighted_f1",
    axis="accuracy",
    title="Weighted F1",
    better="higher",
    method="Mean of the F1 of the classes, each weighted by how many items belong to it. BCa "
    "bootstrap over items; where all items are right, or all wrong, the Wilson interval of the "
    "accuracy.",
    reference="Sokolova & Lapalme 2009, Inf. Process. Manag. 45(4), table 3",
    unit="%",
    needs=("target", "logits|predicted_class"),
    meaning="The F1 of the classes, in which frequent classes count more.",
    topic="right",
    secondary=True,
)
def weighted_f1(evidence: Evidence) -> Iterator[Estimate]:
    """Yield weighted F1."""
    n = len(evidence.clean)
    value = float(weighted_f1_of(tallies_of(evidence))[0])
    low, high = interval_of(evidence, weighted_f1_of) or share_interval(value, n)
    yield Estimate(value, low, high, n, replicates=replicates_of(evidence, weighted_f1_of))


def weighted_f1_of(tallies: Tallies) -> np.ndarray:
    """Return the mean F1 weighted by the items of the classes: float64 array (r,)."""
    return (f1_scores(tallies) * tallies.targets).sum(axis=1) / tallies.items

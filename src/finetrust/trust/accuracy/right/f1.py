"""F1 of each class: precision and recall in one number."""

from collections.abc import Iterator

import numpy as np

from finetrust.core.evidence import Evidence
from finetrust.core.measure import Estimate, measure
from finetrust.trust.accuracy.right.per_class import class_shares
from finetrust.trust.accuracy.right.tallies import Tallies


@measure(
    "f1",
    axis="accuracy",
    title="F1 per class",
    better="higher",
    method="Harmonic mean of precision and recall of a class, which rises with the share of hits "
    "among the items that belong to the class or are predicted as it (n of them). Wilson score "
    "interval of that share, one class at a time.",
    reference="van Rijsbergen 1979, Information Retrieval, chapter 7; Wilson 1927, JASA 22(158)",
    unit="%",
    needs=("target", "logits|predicted_class"),
    meaning="High only where the model finds most of a class and seldom names it wrongly.",
    topic="right",
    secondary=True,
)
def f1(evidence: Evidence) -> Iterator[Estimate]:
    """Yield the F1 of every class that is a target or predicted."""

    def union(tallies: Tallies) -> np.ndarray:
        return tallies.targets + tallies.predicted - tallies.hits

    yield from class_shares(evidence, union, lambda jaccard: 2 * jaccard / (1 + jaccard))


def f1_scores(tallies: Tallies) -> np.ndarray:
    """Return F1 of every class, 0 where it is neither a target nor predicted: float (r, classes)."""
    used = tallies.targets + tallies.predicted
    return 2 * tallies.hits / np.where(used > 0, used, 1)

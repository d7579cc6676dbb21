"""Micro F1: precision and recall of all decisions together."""

from collections.abc import Iterator

import numpy as np

from finetrust.core.evidence import Evidence
from finetrust.core.measure import Estimate, measure
from finetrust.trust.accuracy.ratios import share_interval
from finetrust.trust.accuracy.right.tallies import Tallies, replicates_of, tallies_of


@measure(
    "micro_f1",
    axis="accuracy",
    title="Micro F1",
    better="higher",
    method="Harmonic mean of the share of answers that are right and the share of items that are "
    "answered right; it is the accuracy where every item has an answer. Wilson score interval of "
    "that share of as many items as lie midway between all and the answered ones.",
    reference="Sokolova & Lapalme 2009, Inf. Process. Manag. 45(4), table 3; Wilson 1927",
    unit="%",
    needs=("target", "logits|predicted_class"),
    meaning="The accuracy, in which an item without an answer counts half.",
    topic="right",
    secondary=True,
)
def micro_f1(evidence: Evidence) -> Iterator[Estimate]:
    """Yield micro F1."""
    n, tallies = len(evidence.clean), tallies_of(evidence)
    value = float(micro_f1_of(tallies)[0])
    low, high = share_interval(value, n - float(tallies.without_answer[0]) / 2)
    yield Estimate(value, low, high, n, replicates=replicates_of(evidence, micro_f1_of))


def micro_f1_of(tallies: Tallies) -> np.ndarray:
    """Return the F1 of the summed counts: float64 array (r,)."""
    return 2 * tallies.hits.sum(axis=1) / (2 * tallies.items - tallies.without_answer)

"""Recall: the accuracy within each class."""

from collections.abc import Iterator

from finetrust.core.evidence import Evidence
from finetrust.core.measure import Estimate, measure
from finetrust.trust.accuracy.right.per_class import class_shares


@measure(
    "recall",
    axis="accuracy",
    title="Recall per class",
    better="higher",
    method="Share of the items of a class that the model recognises as that class; a class "
    "without items is left out. Wilson score interval, one class at a time.",
    reference="Wilson 1927, JASA 22(158)",
    unit="%",
    needs=("target", "logits|predicted_class"),
    share=True,
    meaning="Of the items that belong to a class, how many the model recognises.",
    topic="right",
)
def recall(evidence: Evidence) -> Iterator[Estimate]:
    """Yield the recall of every class that has items."""
    yield from class_shares(evidence, lambda tallies: tallies.targets)

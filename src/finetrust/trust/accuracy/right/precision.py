"""Precision: how often the model is right where it names a class."""

from collections.abc import Iterator

from finetrust.core.errors import NotApplicable
from finetrust.core.evidence import Evidence
from finetrust.core.measure import Estimate, measure
from finetrust.trust.accuracy.right.per_class import class_shares
from finetrust.trust.accuracy.right.tallies import tallies_of


@measure(
    "precision",
    axis="accuracy",
    title="Precision per class",
    better="higher",
    method="Share of the items predicted as a class that belong to it; a class that is never "
    "predicted is left out. Wilson score interval, one class at a time.",
    reference="Wilson 1927, JASA 22(158)",
    unit="%",
    needs=("target", "logits|predicted_class"),
    share=True,
    meaning="When the model names a class, how often it is right.",
    topic="right",
    secondary=True,
)
def precision(evidence: Evidence) -> Iterator[Estimate]:
    """Yield the precision of every class that is predicted."""
    if not tallies_of(evidence).predicted.any():
        raise NotApplicable("the model returned NaN or infinity for every item")
    yield from class_shares(evidence, lambda tallies: tallies.predicted)

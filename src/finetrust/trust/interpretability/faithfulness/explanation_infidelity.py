"""Infidelity: does the explanation foretell what removals do."""

from collections.abc import Iterator

from finetrust.core.evidence import Evidence
from finetrust.core.measure import Absence, Estimate, measure
from finetrust.trust.interpretability.faithfulness.judged import plain_estimates
from finetrust.trust.interpretability.faithfulness.wording import REMOVED, RIVALS, SAMPLE


@measure(
    "infidelity",
    axis="interpretability",
    topic="explained",
    title="Infidelity of the explanation",
    better="lower",
    meaning="How badly the explanation foretells what the removal of any square of the image does to the "
    "answer: 0 if it foretells it exactly, 1 if it says nothing about it.",
    method="Mean squared difference between the fall of the answer's logit without a random square (of "
    "texts a run of words) and the sum of the map over it, times the factor that suits the map "
    f"best, as a share of the mean squared fall; 48 squares an image. {REMOVED} {RIVALS} {SAMPLE}",
    reference="Yeh et al. 2019, arXiv:1901.09392, definition 2.1 with square removal",
    secondary=True,
)
def explanation_infidelity(evidence: Evidence) -> Iterator[Estimate | Absence]:
    """Yield it of the explanation, then of each rival."""
    yield from plain_estimates(evidence, "infidelity")

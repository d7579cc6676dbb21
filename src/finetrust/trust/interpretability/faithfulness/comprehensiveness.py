"""Comprehensiveness: what is lost without the rationale."""

from collections.abc import Iterator

from finetrust.core.evidence import Evidence
from finetrust.core.measure import Absence, Estimate, measure
from finetrust.trust.interpretability.faithfulness.judged import figure_estimates
from finetrust.trust.interpretability.faithfulness.wording import REMOVED, RIVALS, SAMPLE


@measure(
    "comprehensiveness",
    axis="interpretability",
    topic="explained",
    title="Comprehensiveness",
    better="higher",
    meaning="How far the probability of the answer falls without the places that the explanation ranks "
    "highest: if it hardly falls, the model needs other places too.",
    method="Fall of the probability of the answer without the highest 1, 5, 10, 20 and 50 % of the "
    f"places, averaged. {REMOVED} {RIVALS} {SAMPLE}",
    reference="DeYoung et al. 2020, ERASER, eq. 1 and 3",
    secondary=True,
)
def comprehensiveness(evidence: Evidence) -> Iterator[Estimate | Absence]:
    """Yield it of the explanation, then of each rival, then under other replacements."""
    yield from figure_estimates(evidence, "comprehensiveness", (-1, 1))

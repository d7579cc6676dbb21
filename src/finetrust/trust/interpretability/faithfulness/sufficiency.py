"""Sufficiency: what is lost with the rationale alone."""

from collections.abc import Iterator

from finetrust.core.evidence import Evidence
from finetrust.core.measure import Absence, Estimate, measure
from finetrust.trust.interpretability.faithfulness.judged import figure_estimates
from finetrust.trust.interpretability.faithfulness.wording import REMOVED, RIVALS, SAMPLE


@measure(
    "sufficiency",
    axis="interpretability",
    topic="explained",
    title="Sufficiency",
    better="lower",
    meaning="How far the probability of the answer falls when only the places that the explanation ranks "
    "highest are left: 0 if they are enough for the answer.",
    method="Fall of the probability of the answer with the highest 1, 5, 10, 20 and 50 % of the places "
    f"alone, averaged. {REMOVED} {RIVALS} {SAMPLE}",
    reference="DeYoung et al. 2020, ERASER, eq. 2 and 3",
    secondary=True,
)
def sufficiency(evidence: Evidence) -> Iterator[Estimate | Absence]:
    """Yield it of the explanation, then of each rival, then under other replacements."""
    yield from figure_estimates(evidence, "sufficiency", (-1, 1))

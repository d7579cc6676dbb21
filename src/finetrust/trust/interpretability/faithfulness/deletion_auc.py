"""Area under the deletion curve."""

from collections.abc import Iterator

from finetrust.core.evidence import Evidence
from finetrust.core.measure import Absence, Estimate, measure
from finetrust.trust.interpretability.faithfulness.judged import figure_estimates
from finetrust.trust.interpretability.faithfulness.wording import REMOVED, RIVALS, SAMPLE


@measure(
    "deletion_auc",
    axis="interpretability",
    topic="explained",
    title="Deletion area",
    better="lower",
    meaning="How sure the model stays of its answer as what the explanation marks is taken away: it falls "
    "at once if the explanation is right.",
    method="Mean probability of the answer as the places are removed from the highest down, over all "
    f"shares of the image (area under the deletion curve). {REMOVED} {RIVALS} {SAMPLE}",
    reference="Petsiuk et al. 2018, RISE, section 4.2; Rong et al. 2022, arXiv:2202.00449",
    secondary=True,
)
def deletion_auc(evidence: Evidence) -> Iterator[Estimate | Absence]:
    """Yield it of the explanation, then of each rival, then under other replacements."""
    yield from figure_estimates(evidence, "deletion")

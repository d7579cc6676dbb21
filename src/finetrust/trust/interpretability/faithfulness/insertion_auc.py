"""Area under the insertion curve."""

from collections.abc import Iterator

from finetrust.core.evidence import Evidence
from finetrust.core.measure import Absence, Estimate, measure
from finetrust.trust.interpretability.faithfulness.judged import figure_estimates
from finetrust.trust.interpretability.faithfulness.wording import REMOVED, RIVALS, SAMPLE


@measure(
    "insertion_auc",
    axis="interpretability",
    topic="explained",
    title="Insertion area",
    better="higher",
    meaning="How sure the model is of its answer when it sees only what the explanation marks, from a "
    "little of it up to all: near its usual confidence from the start if the explanation is "
    "right.",
    method="Mean probability of the answer as the places are put in from the highest down, over all "
    f"shares of the image (area under the insertion curve). {REMOVED} {RIVALS} {SAMPLE}",
    reference="Petsiuk et al. 2018, RISE, section 4.2",
    secondary=True,
)
def insertion_auc(evidence: Evidence) -> Iterator[Estimate | Absence]:
    """Yield it of the explanation, then of each rival, then under other replacements."""
    yield from figure_estimates(evidence, "insertion")

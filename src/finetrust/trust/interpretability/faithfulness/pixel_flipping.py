"""Pixel flipping: the area over the perturbation curve."""

from collections.abc import Iterator

from finetrust.core.evidence import Evidence
from finetrust.core.measure import Absence, Estimate, measure
from finetrust.trust.interpretability.faithfulness.judged import figure_estimates
from finetrust.trust.interpretability.faithfulness.wording import REMOVED, RIVALS, SAMPLE


@measure(
    "pixel_flipping",
    axis="interpretability",
    topic="explained",
    title="Pixel flipping",
    better="higher",
    meaning="How far the probability of the answer has fallen, on average, on the way from the whole "
    "image to nothing, when what the explanation marks goes first.",
    method="Fall of the probability of the answer, averaged over 0, 10, ..., 100 % of the places removed "
    f"from the highest down (AOPC). {REMOVED} {RIVALS} {SAMPLE}",
    reference="Samek et al. 2017, eq. 12; Bach et al. 2015",
    secondary=True,
)
def pixel_flipping(evidence: Evidence) -> Iterator[Estimate | Absence]:
    """Yield it of the explanation, then of each rival, then under other replacements."""
    yield from figure_estimates(evidence, "pixel_flipping", (-1, 1))

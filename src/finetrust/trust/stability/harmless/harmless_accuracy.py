"""Accuracy under harmless changes."""

from collections.abc import Iterator

from finetrust.core.evidence import Evidence
from finetrust.core.measure import Absence, Estimate, measure
from finetrust.trust.stability.harmless.orbit import orbit
from finetrust.trust.stability.harmless.orbit_estimates import mean_estimates
from finetrust.trust.stability.harmless.wording import CHANGES, NO_ANSWER, SAMPLE


@measure(
    "harmless_accuracy",
    axis="stability",
    topic="harmless",
    title="Accuracy under harmless changes",
    better="higher",
    meaning="How often it is right about images that were moved a little, mirrored, cropped, resized by "
    "other software or compressed.",
    method="Share of items with the right answer, every family of changes counting the same and within "
    f"one every change. {CHANGES} {NO_ANSWER} BCa bootstrap over items, each taken with all its "
    f"changes. {SAMPLE}",
    reference="Engstrom et al. 2019, arXiv:1712.02779",
    unit="%",
    needs=("logits",),
    share=True,
    secondary=True,
)
def harmless_accuracy(evidence: Evidence) -> Iterator[Estimate | Absence]:
    """Yield the mean over all families, then each; the details hold every change."""
    yield from mean_estimates(evidence, orbit(evidence).right_under)

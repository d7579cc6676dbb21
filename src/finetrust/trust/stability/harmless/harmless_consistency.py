"""Consistency: how often the answer stays under a harmless change."""

from collections.abc import Iterator

from finetrust.core.evidence import Evidence
from finetrust.core.measure import Absence, Estimate, measure
from finetrust.trust.stability.harmless.orbit import orbit
from finetrust.trust.stability.harmless.orbit_estimates import mean_estimates
from finetrust.trust.stability.harmless.wording import CHANGES, NO_ANSWER, SAMPLE


@measure(
    "harmless_consistency",
    axis="stability",
    topic="harmless",
    title="Answers kept under harmless changes",
    better="higher",
    meaning="The answer that stays the same when the image is moved a little, mirrored, cropped, "
    "resized by other software or compressed.",
    method="Share of items whose answer stays, right or wrong, every family of changes counting the "
    f"same and within one every change. {CHANGES} {NO_ANSWER} BCa bootstrap over items, each taken "
    f"with all its changes. {SAMPLE}",
    reference="Azulay & Weiss 2019, JMLR 20(184)",
    unit="%",
    needs=("logits",),
    share=True,
)
def harmless_consistency(evidence: Evidence) -> Iterator[Estimate | Absence]:
    """Yield the mean over all families, then each; the details hold every change."""
    yield from mean_estimates(evidence, orbit(evidence).kept)

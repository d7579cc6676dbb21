"""How far harmless changes move the confidence in an answer."""

from collections.abc import Iterator

from finetrust.core.evidence import Evidence
from finetrust.core.measure import Absence, Estimate, measure
from finetrust.trust.stability.harmless.orbit import orbit
from finetrust.trust.stability.harmless.orbit_estimates import largest_estimates
from finetrust.trust.stability.harmless.wording import CHANGES, SAMPLE


@measure(
    "harmless_confidence_change",
    axis="stability",
    topic="harmless",
    title="Largest change of confidence under harmless changes",
    better="lower",
    meaning="How far the stated confidence in an answer moves, in percentage points, under the harmless "
    "change that moves it most.",
    method="The probability of the untouched answer, as calibrated: the largest absolute difference "
    "that any change makes to it, on average over the items; the details name the item where it is "
    f"largest. {CHANGES} Items without a finite output are left out. BCa bootstrap over items. {SAMPLE}",
    reference="Azulay & Weiss 2019, JMLR 20(184)",
    unit="%",
    needs=("logits",),
    secondary=True,
)
def harmless_confidence_change(evidence: Evidence) -> Iterator[Estimate | Absence]:
    """Yield the mean over all changes, then over those of each family."""
    yield from largest_estimates(evidence, orbit(evidence).moved)

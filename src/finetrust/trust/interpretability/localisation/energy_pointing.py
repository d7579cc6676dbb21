"""The energy-based pointing game: how much of the heat lies on the object."""

from collections.abc import Iterator

from finetrust.core.evidence import Evidence
from finetrust.core.measure import Absence, Estimate, measure
from finetrust.trust.interpretability.localisation.located import WHAT, located_estimates


@measure(
    "energy_pointing",
    axis="interpretability",
    topic="located",
    title="Part of the explanation that lies on the object",
    better="higher",
    meaning="How much of what speaks for the right answer lies on the object.",
    method="Mean over the items of the share of the heat map's positive part that lies on the object. "
    f"{WHAT} BCa bootstrap over items.",
    reference="Wang et al., Score-CAM, CVPR workshops 2020, section 4.3",
    unit="%",
    needs=("logits|pred_boxes|confusion",),
    secondary=True,
)
def energy_pointing_measure(evidence: Evidence) -> Iterator[Estimate | Absence]:
    """Yield the mean for the explanation, then for each map that knows nothing of the model."""
    yield from located_estimates(evidence, "energy")

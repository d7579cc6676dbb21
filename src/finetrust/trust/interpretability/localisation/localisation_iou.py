"""The overlap of the heat map with the object."""

from collections.abc import Iterator

from finetrust.core.evidence import Evidence
from finetrust.core.measure import Absence, Estimate, measure
from finetrust.trust.interpretability.localisation.located import WHAT, located_estimates


@measure(
    "localisation_iou",
    axis="interpretability",
    topic="located",
    title="Overlap of the explanation with the object",
    better="higher",
    meaning="How well the hot part of the heat map covers the object and nothing else.",
    method="Mean over the items of the largest intersection over union of the part of the heat map above a "
    "threshold with the object, over all thresholds: an upper bound of what one threshold for all can "
    f"reach. {WHAT} BCa bootstrap over items.",
    reference="Choe et al., Evaluating Weakly Supervised Object Localization Methods Right, CVPR 2020",
    unit="%",
    needs=("logits|pred_boxes|confusion",),
    secondary=True,
)
def localisation_iou(evidence: Evidence) -> Iterator[Estimate | Absence]:
    """Yield the mean for the explanation, then for each map that knows nothing of the model."""
    yield from located_estimates(evidence, "iou")

"""How far the accuracy falls without fine detail."""

from collections.abc import Iterator

from finetrust.core.evidence import Evidence
from finetrust.core.measure import Estimate, measure
from finetrust.trust.interpretability.shortcuts.layer_estimate import layer_estimate
from finetrust.trust.interpretability.shortcuts.trial import SMOOTH


@measure(
    "detail_reliance",
    axis="interpretability",
    topic="shortcut",
    title="Accuracy that hangs on fine detail",
    better="lower",
    meaning="How far the accuracy falls when a slight blur takes all fine detail from the images.",
    method="Share of right answers as the images are, less that of the same images after a Gaussian blur of "
    "a thirty-second of their side, over a sample with as many items of each class. Adjusted Wald interval "
    "of paired shares (Bonett & Price 2012). Colour and detail are honest evidence too: a large figure is "
    "a hint, not an alarm.",
    reference="Geirhos et al. 2020, arXiv:2004.07780",
    unit="%",
    needs=("logits",),
    secondary=True,
)
def detail_reliance(evidence: Evidence) -> Iterator[Estimate]:
    """Yield the fall over all classes."""
    yield layer_estimate(evidence, SMOOTH)

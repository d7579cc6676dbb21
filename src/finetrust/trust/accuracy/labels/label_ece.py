"""Expected calibration error of labels: whether a label's probability is how often it is due."""

from collections.abc import Iterator

import numpy as np

from finetrust.core.errors import NotApplicable
from finetrust.core.evidence import Evidence
from finetrust.core.measure import Estimate, measure
from finetrust.trust.accuracy.calibration.clustered_ece import clustered_ece
from finetrust.trust.accuracy.calibration.reliability import Confidence, reliability_diagram
from finetrust.trust.accuracy.labels.label_answers import NEEDS, probabilities_of, targets_of


@measure(
    "label_ece",
    axis="accuracy",
    title="Expected calibration error of labels",
    better="lower",
    method="Every label of every item is sorted into 15 bins of equal width by its probability; the "
    "distance between mean probability and share of labels that are due in each bin, averaged over "
    "all. Bootstrap interval over items that allows for the upward bias of this figure; items "
    "without finite scores are left out.",
    reference="Guo et al. 2017, arXiv:1706.04599, eq. 3",
    unit="%",
    needs=NEEDS,
    topic="calibration",
)
def label_ece(evidence: Evidence) -> Iterator[Estimate]:
    """Yield the ECE over all labels; the details hold the reliability diagram."""
    probabilities = probabilities_of(evidence.clean)
    answered = np.isfinite(probabilities).all(axis=1)
    if not answered.any():
        raise NotApplicable("the model returned NaN or infinity for every item")
    shown, due = probabilities[answered], targets_of(evidence.clean)[answered]
    n, labels = shown.shape
    confidence = Confidence(shown.ravel(), due.ravel())
    item = np.repeat(np.arange(n), labels)
    value, low, high = clustered_ece(confidence, item, n, evidence.seed)
    details = {"diagram": reliability_diagram(confidence)}
    yield Estimate(value, low, high, n, details=details)

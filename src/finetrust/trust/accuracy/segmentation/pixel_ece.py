"""Expected calibration error of the pixels: how far confidence is from accuracy."""

from collections.abc import Iterator

import numpy as np

from finetrust.core.errors import NotApplicable
from finetrust.core.evidence import Evidence
from finetrust.core.measure import Estimate, measure
from finetrust.trust.accuracy.calibration.clustered_ece import clustered_ece
from finetrust.trust.accuracy.calibration.reliability import Confidence, reliability_diagram
from finetrust.trust.accuracy.probabilities import log_softmax, temperature_of
from finetrust.trust.accuracy.segmentation.pixels import COLUMNS, sampled_pixels

METHOD = (
    "A fixed random sample of the pixels of each image is sorted into 15 bins of equal width by the "
    "probability of the predicted class; the distance between mean probability and accuracy in each "
    "bin, averaged over the pixels. Bootstrap interval over images (n counts them), since the pixels "
    "of an image are not independent; it allows for the upward bias of this figure."
)
REFERENCE = "Guo et al. 2017, arXiv:1706.04599, eq. 3"


@measure(
    "pixel_ece",
    axis="accuracy",
    title="Expected calibration error of pixels",
    better="lower",
    method=f"After calibration, where a temperature was fitted. {METHOD}",
    reference=REFERENCE,
    unit="%",
    needs=COLUMNS,
    topic="calibration",
)
def pixel_ece(evidence: Evidence) -> Iterator[Estimate]:
    """Yield the ECE of the calibrated probabilities.

    The details are those of :func:`finetrust.trust.accuracy.calibration.ece.ece`.
    """
    temperature = temperature_of(evidence.calibration)
    before, images = _confidence(evidence, 1.0)
    after = _confidence(evidence, temperature)[0] if temperature else None
    details = {
        "temperature": temperature,
        "before": reliability_diagram(before),
        "after": reliability_diagram(after) if after else None,
    }
    yield _estimate(after or before, images, evidence.seed, details)


@measure(
    "pixel_ece_before_calibration",
    axis="accuracy",
    title="Expected calibration error of pixels before calibration",
    better="lower",
    method=f"Before calibration: the model's own probabilities. {METHOD}",
    reference=REFERENCE,
    unit="%",
    needs=COLUMNS,
    topic="calibration",
)
def pixel_ece_before_calibration(evidence: Evidence) -> Iterator[Estimate]:
    """Yield the ECE of the model's own probabilities."""
    if temperature_of(evidence.calibration) is None:
        raise NotApplicable("no temperature was fitted; the calibration error is the model's own")
    confidence, images = _confidence(evidence, 1.0)
    yield _estimate(confidence, images, evidence.seed, {})


def _confidence(evidence: Evidence, temperature: float) -> tuple[Confidence, np.ndarray]:
    logits, targets, images = sampled_pixels(evidence.clean)
    return Confidence.of(log_softmax(logits, temperature), targets), images


def _estimate(confidence: Confidence, images: np.ndarray, seed: int, details: dict) -> Estimate:
    shown, image = np.unique(images, return_inverse=True)
    found = clustered_ece(confidence, image, len(shown), seed)
    return Estimate(*found, len(shown), details=details)

"""Expected calibration error of the pixels: how far confidence is from accuracy."""

from collections.abc import Iterator

import numpy as np

from finetrust.core.errors import NotApplicable
from finetrust.core.evidence import Evidence
from finetrust.core.measure import Estimate, measure
from finetrust.trust.accuracy.intervals import (
    RESAMPLES,
    basic_interval,
    resampled_means,
    wilson,
)
from finetrust.trust.accuracy.probabilities import log_softmax, temperature_of
from finetrust.trust.accuracy.reliability import (
    BINS,
    Confidence,
    expected_calibration_error,
    reliability_diagram,
)
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
)
def pixel_ece(evidence: Evidence) -> Iterator[Estimate]:
    """Yield the ECE of the calibrated probabilities.

    The details are those of :func:`finetrust.trust.accuracy.ece.ece`.
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
)
def pixel_ece_before_calibration(evidence: Evidence) -> Iterator[Estimate]:
    """Yield the ECE of the model's own probabilities."""
    if temperature_of(evidence.calibration) is None:
        raise NotApplicable("no temperature was fitted; the calibration error is the model's own")
    confidence, images = _confidence(evidence, 1.0)
    yield _estimate(confidence, images, evidence.seed, {})


def clustered_ece_interval(
    confidence: Confidence, images: np.ndarray, seed: int
) -> tuple[float, float]:
    """Return an interval of the binned ECE where the pixels come image by image.

    As :func:`finetrust.trust.accuracy.reliability.ece_interval`, with images resampled instead of
    items: basic bootstrap, with a lower bound of 0 unless the estimate exceeds the noise of the gaps.
    Of a single image, or pixels that are all right or all wrong, the bounds are what the Wilson
    interval of the accuracy of as many images leaves of the distance to the mean confidence.

    Parameters
    ----------
    confidence : Confidence
        Of the pixels (m,).
    images : int array (m,)
        The image of each pixel.
    seed : int
    """
    _, image = np.unique(images, return_inverse=True)
    n = int(image.max()) + 1
    gap = confidence.right - confidence.confidence
    cells = image * BINS + confidence.bins
    gaps = np.bincount(cells, weights=gap, minlength=n * BINS).reshape(n, BINS)
    pixels = np.bincount(image, minlength=n).astype(float)
    estimate = expected_calibration_error(confidence)
    resampled = resampled_means(np.column_stack([gaps, pixels]), RESAMPLES, seed)
    mean_gaps = resampled[:, :BINS] / resampled[:, BINS:]
    noise = np.abs(mean_gaps - gaps.sum(axis=0) / pixels.sum()).sum(axis=1)
    low, high = basic_interval(estimate, np.abs(mean_gaps).sum(axis=1))

    high = max(high, estimate)
    accuracy, mean_confidence = confidence.right.mean(), float(confidence.confidence.mean())
    if n == 1 or accuracy in (0, 1):  # Resampling shows no uncertainty.
        least, most = wilson(accuracy * n, n)
        low = max(mean_confidence - float(most), float(least) - mean_confidence)
        high = max(high, mean_confidence - float(least), float(most) - mean_confidence)
    significant = estimate > np.quantile(noise, 0.975)
    return (float(np.clip(low, 0, estimate)) if significant else 0.0), min(high, 1.0)


def _confidence(evidence: Evidence, temperature: float) -> tuple[Confidence, np.ndarray]:
    logits, targets, images = sampled_pixels(evidence.clean)
    return Confidence.of(log_softmax(logits, temperature), targets), images


def _estimate(confidence: Confidence, images: np.ndarray, seed: int, details: dict) -> Estimate:
    value = expected_calibration_error(confidence)
    low, high = clustered_ece_interval(confidence, images, seed)
    return Estimate(value, low, high, len(np.unique(images)), details=details)

"""Detection expected calibration error: how far the scores of boxes are from how often they are right.

Küppers et al., "Multivariate Confidence Calibration for Object Detection", CVPR Workshops 2020.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from finetrust.core.errors import NotApplicable
from finetrust.core.evidence import Evidence
from finetrust.core.measure import Estimate, measure
from finetrust.trust.accuracy.detection.found import COLUMNS, Found
from finetrust.trust.accuracy.detection.once import once
from finetrust.trust.accuracy.detection.summary import matched_detections
from finetrust.trust.accuracy.intervals import RESAMPLES, basic_interval, resampled_means, wilson
from finetrust.trust.accuracy.reliability import BINS, Confidence, reliability_diagram

LEAST = 0.3
"""Score from which a detection is judged: one that a user would be told."""

SCORE_BINS, PLACE_BINS = 5, 3

REFERENCE = "Küppers et al. 2020, arXiv:2004.13546, section 3"
METHOD = (
    "Detections with a score of at least 0.3 are right where they are matched with an object of their "
    "class at an intersection over union of 0.5; those in crowds are left out. {} The distance between "
    "mean score and share that is right in each bin is averaged over the detections. Bootstrap interval "
    "over images (n counts them), which allows for the upward bias of this figure."
)


@measure(
    "d_ece",
    axis="accuracy",
    title="Calibration error of detections",
    better="lower",
    method=METHOD.format("They are sorted into 15 bins of equal width by their score."),
    reference=REFERENCE,
    unit="%",
    needs=COLUMNS,
    meaning="How far, on average, the score of a box is from how often such boxes are right.",
)
def d_ece(evidence: Evidence) -> Iterator[Estimate]:
    """Yield the error by score; the details hold the reliability diagram."""
    judged = _judged(evidence)
    details = {
        "reliability": reliability_diagram(judged.confidence),
        "detections": len(judged.image),
        "least_score": LEAST,
    }
    yield _estimate(judged, judged.confidence.bins, BINS, evidence, details)


@measure(
    "d_ece_position",
    axis="accuracy",
    title="Calibration error of detections by their place",
    better="lower",
    method=METHOD.format(
        "They are sorted into 5 bins by their score and 3 x 3 by the place of their centre in the "
        "image, which tells whether scores are too high in some of its parts."
    ),
    reference=REFERENCE,
    unit="%",
    needs=(*COLUMNS, "size"),
)
def d_ece_position(evidence: Evidence) -> Iterator[Estimate]:
    """Yield the error by score and place."""
    judged = _judged(evidence)
    size = np.asarray(evidence.clean["size"], np.float64)[judged.image]
    centre = (judged.boxes[:, :2] + judged.boxes[:, 2:]) / 2
    place = np.clip(centre / size * PLACE_BINS, 0, PLACE_BINS - 1).astype(int)
    score = np.ceil(judged.confidence.confidence * SCORE_BINS) - 1
    score = np.clip(score, 0, SCORE_BINS - 1).astype(int)
    bins = (score * PLACE_BINS + place[:, 1]) * PLACE_BINS + place[:, 0]
    yield _estimate(judged, bins, SCORE_BINS * PLACE_BINS**2, evidence, {})


def clustered_gap(
    confidence: Confidence, bins: np.ndarray, n_bins: int, image: np.ndarray, n: int, seed: int
) -> tuple[float, float, float]:
    """Return the mean distance between confidence and accuracy by bin, and its interval.

    The interval is made as :func:`finetrust.trust.accuracy.reliability.ece_interval` makes it, with
    images drawn instead of detections.

    Parameters
    ----------
    confidence : Confidence
        Of detections (d,); at least one.
    bins : int array (d,)
    n_bins : int
    image : int array (d,)
    n : int
        Images.
    seed : int

    Returns
    -------
    value, low, high : float
    """
    gap = confidence.right - confidence.confidence
    gaps = np.bincount(image * n_bins + bins, weights=gap, minlength=n * n_bins)
    gaps = gaps.reshape(n, n_bins)
    count = np.bincount(image, minlength=n).astype(float)
    whole = gaps.sum(axis=0) / count.sum()
    value = float(np.abs(whole).sum())
    means = resampled_means(np.column_stack([gaps, count]), RESAMPLES, seed)
    drawn = means[means[:, -1] > 0]
    resampled = drawn[:, :-1] / drawn[:, -1:]
    noise = np.abs(resampled - whole).sum(axis=1)
    low, high = basic_interval(value, np.abs(resampled).sum(axis=1))

    showing = int(np.count_nonzero(count))
    if np.ptp(resampled, axis=0).max() < 1e-12:
        # Images that are all alike show no uncertainty; each counts as one observation.
        lower, upper = wilson(value * showing, showing)
        return value, min(float(lower), value), max(float(upper), value)
    right, mean = confidence.right, float(confidence.confidence.mean())
    least, most = (float(bound) for bound in wilson(right.sum(), len(right)))
    high = max(high, value, mean - least, most - mean)
    if right.all() or not right.any():
        low = min(low, max(mean - most, least - mean))
    significant = value > np.quantile(noise, 0.975)
    return value, float(np.clip(low, 0, value)) if significant else 0.0, min(high, 1.0)


@dataclass(frozen=True)
class _Judged:
    confidence: Confidence
    boxes: np.ndarray
    image: np.ndarray


@once
def _judged(evidence: Evidence) -> _Judged:
    matches = matched_detections(evidence)
    kept = ~matches.ignored[:, 0, 0] & (matches.score >= LEAST)
    if not kept.any():
        raise NotApplicable(f"no detection has a score of {LEAST} or more")
    boxes = Found.of(evidence.clean).boxes[matches.source[kept]]
    score = np.clip(matches.score[kept], 0, 1)
    return _Judged(Confidence(score, matches.right[kept, 0, 0]), boxes, matches.image[kept])


def _estimate(
    judged: _Judged, bins: np.ndarray, n_bins: int, evidence: Evidence, details: dict
) -> Estimate:
    n = len(evidence.clean)
    found = clustered_gap(judged.confidence, bins, n_bins, judged.image, n, evidence.seed)
    return Estimate(*found, len(np.unique(judged.image)), details=details)

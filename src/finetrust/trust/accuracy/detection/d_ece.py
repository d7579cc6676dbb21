"""Detection expected calibration error: how far the scores of boxes are from how often they are right.

Küppers et al., "Multivariate Confidence Calibration for Object Detection", CVPR Workshops 2020.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from finetrust.core.errors import NotApplicable
from finetrust.core.evidence import Evidence
from finetrust.core.measure import Estimate, measure
from finetrust.core.once import once
from finetrust.trust.accuracy.calibration.bins import BINS
from finetrust.trust.accuracy.calibration.clustered_ece import clustered_gap
from finetrust.trust.accuracy.calibration.reliability import Confidence, reliability_diagram
from finetrust.trust.accuracy.detection.found import COLUMNS, Found
from finetrust.trust.accuracy.detection.score_calibration import KEY, LEAST, calibrated_scores
from finetrust.trust.accuracy.detection.summary import matched_detections

SCORE_BINS, PLACE_BINS = 5, 3

REFERENCE = "Küppers et al. 2020, arXiv:2004.13546, section 3"
METHOD = (
    "Detections with a score of at least 0.3 before calibration are right where they are matched with "
    "an object of their class at an intersection over union of 0.5; those in crowds are left out. {} "
    "The distance between mean score, after calibration where one was fitted, and share that is right "
    "in each bin is averaged over the detections. Bootstrap interval over images (n counts them), "
    "which allows for the upward bias of this figure."
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
    topic="calibration",
)
def d_ece(evidence: Evidence) -> Iterator[Estimate]:
    """Yield the error by score.

    The details hold a reliability diagram ``before`` and ``after`` calibration (None if there is
    none), and how many ``detections`` were judged.
    """
    judged = _judged(evidence)
    details = {
        "before": reliability_diagram(judged.own),
        "after": reliability_diagram(judged.confidence) if KEY in evidence.calibration else None,
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
    topic="calibration",
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


@dataclass(frozen=True)
class _Judged:
    own: Confidence
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
    right = matches.right[kept, 0, 0]
    own, shown = (
        Confidence(calibrated_scores(matches.score[kept], calibration), right)
        for calibration in ({}, evidence.calibration)
    )
    return _Judged(own, shown, boxes, matches.image[kept])


def _estimate(
    judged: _Judged, bins: np.ndarray, n_bins: int, evidence: Evidence, details: dict
) -> Estimate:
    n = len(evidence.clean)
    found = clustered_gap(judged.confidence, bins, n_bins, judged.image, n, evidence.seed)
    return Estimate(*found, len(np.unique(judged.image)), details=details)

"""Average precision: whether all objects are found, each once, and nothing else.

Lin et al., "Microsoft COCO: Common Objects in Context", ECCV 2014; https://cocodataset.org, "Detection
Evaluation".
"""

from collections.abc import Iterator

import numpy as np

from finetrust.core.errors import NotApplicable
from finetrust.core.evidence import Evidence
from finetrust.core.measure import Estimate, measure
from finetrust.trust.accuracy.detection.found import COLUMNS
from finetrust.trust.accuracy.detection.matching import THRESHOLDS
from finetrust.trust.accuracy.detection.summary import INTERVAL, class_names, summary

REFERENCE = "Lin et al. 2014, arXiv:1405.0312, and the twelve figures of COCO's evaluation"
METHOD = (
    "Precision averaged over recall, with at most 100 detections an image and class; the mean over the "
    "classes of which there are objects"
)


@measure(
    "ap",
    axis="accuracy",
    title="Average precision",
    better="higher",
    method=f"{METHOD} and over the intersections over union 0.5, 0.55, ... 0.95 from which a box is "
    f"right (COCO's AP, also called mAP). {INTERVAL}",
    reference=REFERENCE,
    unit="%",
    needs=COLUMNS,
    meaning="100 % would be every object found in a tight box of its own, and nothing else.",
    topic="right",
)
def ap(evidence: Evidence) -> Iterator[Estimate]:
    """Yield the mean, then the value of each class; the details hold it by threshold."""
    found = summary(evidence)
    matches, by_class = found.matches, found.figures.by_class
    curve = by_class[0][np.isfinite(by_class[0]).all(axis=1)]
    details = {
        "thresholds": THRESHOLDS.round(2).tolist(),
        "ap": curve.mean(axis=0).tolist() if len(curve) else [],
    }
    yield _estimate(evidence, "ap", "there are no objects to be found", details)
    for k, name in enumerate(class_names(evidence, matches.classes)):
        mine = matches.counted[:, 0] & (matches.true_label == matches.classes[k])
        if mine.any():
            value, low, high = found.weightings.interval(by_class[:, k].mean(axis=1))
            n = len(np.unique(matches.true_image[mine]))
            yield Estimate(value, low, high, n, subset=f"class={name}")


@measure(
    "ap50",
    axis="accuracy",
    title="Average precision of loose boxes",
    better="higher",
    method=f"{METHOD}, where a box is right from an intersection over union of 0.5. {INTERVAL}",
    reference=REFERENCE,
    unit="%",
    needs=COLUMNS,
    topic="right",
)
def ap50(evidence: Evidence) -> Iterator[Estimate]:
    """Yield the average precision at the threshold 0.5."""
    yield _estimate(evidence, "ap50", "there are no objects to be found")


@measure(
    "ap75",
    axis="accuracy",
    title="Average precision of tight boxes",
    better="higher",
    method=f"{METHOD}, where a box is right from an intersection over union of 0.75. {INTERVAL}",
    reference=REFERENCE,
    unit="%",
    needs=COLUMNS,
    topic="right",
)
def ap75(evidence: Evidence) -> Iterator[Estimate]:
    """Yield the average precision at the threshold 0.75."""
    yield _estimate(evidence, "ap75", "there are no objects to be found")


@measure(
    "ap_small",
    axis="accuracy",
    title="Average precision of small objects",
    better="higher",
    method=f"{METHOD} and over the intersections over union from 0.5 to 0.95, of objects of up to "
    f"32 x 32 pixels. {INTERVAL}",
    reference=REFERENCE,
    unit="%",
    needs=COLUMNS,
    topic="right",
)
def ap_small(evidence: Evidence) -> Iterator[Estimate]:
    """Yield the average precision of objects up to 32 x 32 pixels."""
    yield _estimate(evidence, "ap_small", "no object is as small as 32 x 32 pixels")


@measure(
    "ap_medium",
    axis="accuracy",
    title="Average precision of medium-sized objects",
    better="higher",
    method=f"{METHOD} and over the intersections over union from 0.5 to 0.95, of objects from 32 x 32 "
    f"to 96 x 96 pixels. {INTERVAL}",
    reference=REFERENCE,
    unit="%",
    needs=COLUMNS,
    topic="right",
)
def ap_medium(evidence: Evidence) -> Iterator[Estimate]:
    """Yield the average precision of objects from 32 x 32 to 96 x 96 pixels."""
    yield _estimate(evidence, "ap_medium", "no object has from 32 x 32 to 96 x 96 pixels")


@measure(
    "ap_large",
    axis="accuracy",
    title="Average precision of large objects",
    better="higher",
    method=f"{METHOD} and over the intersections over union from 0.5 to 0.95, of objects from 96 x 96 "
    f"pixels. {INTERVAL}",
    reference=REFERENCE,
    unit="%",
    needs=COLUMNS,
    topic="right",
)
def ap_large(evidence: Evidence) -> Iterator[Estimate]:
    """Yield the average precision of objects from 96 x 96 pixels."""
    yield _estimate(evidence, "ap_large", "no object is as large as 96 x 96 pixels")


def _estimate(evidence: Evidence, name: str, reason: str, details: dict | None = None) -> Estimate:
    found = summary(evidence)
    value, low, high = found.interval(name)
    if np.isnan(value):
        raise NotApplicable(reason)
    return Estimate(value, low, high, found.matches.n_images, details=details or {})

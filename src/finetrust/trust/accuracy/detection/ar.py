"""Average recall: how many of the objects are found, however much else is.

Hosang et al., "What Makes for Effective Detection Proposals?", TPAMI 2016, section 5; Lin et al.,
"Microsoft COCO: Common Objects in Context", ECCV 2014.
"""

from collections.abc import Iterator

import numpy as np

from finetrust.core.errors import NotApplicable
from finetrust.core.evidence import Evidence
from finetrust.core.measure import Estimate, measure
from finetrust.trust.accuracy.detection.found import COLUMNS
from finetrust.trust.accuracy.detection.summary import INTERVAL, summary

REFERENCE = "Hosang et al. 2016, arXiv:1502.05082, section 5, and COCO's evaluation"
METHOD = (
    "Share of the objects that are found, averaged over the intersections over union 0.5, 0.55, ... 0.95 "
    "from which a box is right, and over the classes of which there are objects"
)


@measure(
    "ar_1",
    axis="accuracy",
    title="Average recall of one detection",
    better="higher",
    method=f"{METHOD}, where only the surest detection an image and class counts. {INTERVAL}",
    reference=REFERENCE,
    unit="%",
    needs=COLUMNS,
    topic="right",
)
def ar_1(evidence: Evidence) -> Iterator[Estimate]:
    """Yield the average recall of one detection an image and class."""
    yield _estimate(evidence, "ar_1", "there are no objects to be found")


@measure(
    "ar_10",
    axis="accuracy",
    title="Average recall of ten detections",
    better="higher",
    method=f"{METHOD}, where the ten surest detections an image and class count. {INTERVAL}",
    reference=REFERENCE,
    unit="%",
    needs=COLUMNS,
    topic="right",
)
def ar_10(evidence: Evidence) -> Iterator[Estimate]:
    """Yield the average recall of ten detections an image and class."""
    yield _estimate(evidence, "ar_10", "there are no objects to be found")


@measure(
    "ar_100",
    axis="accuracy",
    title="Average recall",
    better="higher",
    method=f"{METHOD}, where the 100 surest detections an image and class count. {INTERVAL}",
    reference=REFERENCE,
    unit="%",
    needs=COLUMNS,
    topic="right",
)
def ar_100(evidence: Evidence) -> Iterator[Estimate]:
    """Yield the average recall of 100 detections an image and class."""
    yield _estimate(evidence, "ar_100", "there are no objects to be found")


@measure(
    "ar_small",
    axis="accuracy",
    title="Average recall of small objects",
    better="higher",
    method=f"{METHOD}, of objects of up to 32 x 32 pixels. {INTERVAL}",
    reference=REFERENCE,
    unit="%",
    needs=COLUMNS,
    topic="right",
)
def ar_small(evidence: Evidence) -> Iterator[Estimate]:
    """Yield the average recall of objects up to 32 x 32 pixels."""
    yield _estimate(evidence, "ar_small", "no object is as small as 32 x 32 pixels")


@measure(
    "ar_medium",
    axis="accuracy",
    title="Average recall of medium-sized objects",
    better="higher",
    method=f"{METHOD}, of objects from 32 x 32 to 96 x 96 pixels. {INTERVAL}",
    reference=REFERENCE,
    unit="%",
    needs=COLUMNS,
    topic="right",
)
def ar_medium(evidence: Evidence) -> Iterator[Estimate]:
    """Yield the average recall of objects from 32 x 32 to 96 x 96 pixels."""
    yield _estimate(evidence, "ar_medium", "no object has from 32 x 32 to 96 x 96 pixels")


@measure(
    "ar_large",
    axis="accuracy",
    title="Average recall of large objects",
    better="higher",
    method=f"{METHOD}, of objects from 96 x 96 pixels. {INTERVAL}",
    reference=REFERENCE,
    unit="%",
    needs=COLUMNS,
    topic="right",
)
def ar_large(evidence: Evidence) -> Iterator[Estimate]:
    """Yield the average recall of objects from 96 x 96 pixels."""
    yield _estimate(evidence, "ar_large", "no object is as large as 96 x 96 pixels")


def _estimate(evidence: Evidence, name: str, reason: str) -> Estimate:
    found = summary(evidence)
    value, low, high = found.interval(name)
    if np.isnan(value):
        raise NotApplicable(reason)
    return Estimate(value, low, high, found.matches.n_images)

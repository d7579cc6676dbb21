"""Boundary intersection over union: how well the borders of the regions are met.

Cheng et al., "Boundary IoU: Improving Object-Centric Image Segmentation Evaluation", CVPR 2021.
"""

from collections.abc import Iterator

import numpy as np

from finetrust.core.errors import NotApplicable
from finetrust.core.evidence import Evidence
from finetrust.core.measure import Estimate, measure
from finetrust.trust.accuracy.segmentation.counts import COLUMNS, names_of
from finetrust.trust.accuracy.segmentation.miou import per_class
from finetrust.trust.accuracy.segmentation.resampling import mean_of_ratios, of_images


@measure(
    "boundary_iou",
    axis="accuracy",
    title="Boundary intersection over union",
    better="higher",
    method="Intersection over union of the pixels of each class that lie within 2 % of the image's "
    "diagonal of its border, over all images together; the mean over the classes that appear. BCa "
    "bootstrap over images.",
    reference="Cheng et al. 2021, arXiv:2103.16562, eq. 2",
    unit="%",
    needs=(*COLUMNS, "boundary"),
    topic="right",
)
def boundary_iou(evidence: Evidence) -> Iterator[Estimate]:
    """Yield the mean, then the value of each class."""
    intersection, union = np.split(evidence.clean["boundary"], 2, axis=1)
    if not union.any():
        raise NotApplicable("no pixel has a target")
    value, low, high = of_images(mean_of_ratios, evidence.clean["boundary"], evidence.seed)
    yield Estimate(value, low, high, len(union))
    yield from per_class(intersection, union, names_of(evidence), evidence.seed)

"""Frequency-weighted intersection over union: every class counts by its share of the pixels."""

from collections.abc import Iterator

import numpy as np

from finetrust.core.evidence import Evidence
from finetrust.core.measure import Estimate, measure
from finetrust.trust.accuracy.segmentation.counts import COLUMNS, ClassPixels
from finetrust.trust.accuracy.segmentation.resampling import of_images


@measure(
    "frequency_weighted_iou",
    axis="accuracy",
    title="Frequency-weighted intersection over union",
    better="higher",
    method="Intersection over union of each class, averaged by how many pixels the class has. BCa "
    "bootstrap over images.",
    reference="Long et al. 2015, arXiv:1411.4038, section 5",
    unit="%",
    needs=COLUMNS,
    topic="right",
)
def frequency_weighted_iou(evidence: Evidence) -> Iterator[Estimate]:
    """Yield the weighted mean."""
    pixels = ClassPixels.of(evidence.clean)
    columns = np.concatenate([pixels.right, pixels.union, pixels.target], axis=1)
    yield Estimate(*of_images(_weighted, columns, evidence.seed), len(columns))


def _weighted(means: np.ndarray) -> np.ndarray:
    right, union, target = np.split(means, 3, axis=1)
    iou = np.divide(right, union, out=np.zeros_like(right), where=union > 0)
    with np.errstate(invalid="ignore"):
        return (iou * target).sum(axis=1) / target.sum(axis=1)

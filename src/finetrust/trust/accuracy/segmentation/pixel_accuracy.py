"""Pixel accuracy: the share of pixels whose predicted class is the target."""

from collections.abc import Iterator

import numpy as np

from finetrust.core.evidence import Evidence
from finetrust.core.measure import Estimate, measure
from finetrust.trust.accuracy.segmentation.counts import COLUMNS, ClassPixels
from finetrust.trust.accuracy.segmentation.resampling import mean_of_ratios, of_images


@measure(
    "pixel_accuracy",
    axis="accuracy",
    title="Pixel accuracy",
    better="higher",
    method="Share of the pixels of all images whose predicted class is the true one; large classes "
    "decide it. BCa bootstrap over images.",
    reference="Long et al. 2015, arXiv:1411.4038, section 5",
    unit="%",
    needs=COLUMNS,
    topic="right",
)
def pixel_accuracy(evidence: Evidence) -> Iterator[Estimate]:
    """Yield the share of right pixels."""
    pixels = ClassPixels.of(evidence.clean)
    columns = np.stack([pixels.right.sum(axis=1), pixels.target.sum(axis=1)], axis=1)
    yield Estimate(*of_images(mean_of_ratios, columns, evidence.seed), len(columns))

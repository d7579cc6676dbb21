"""Mean dice: the F1 score of the pixels of each class."""

from collections.abc import Iterator

import numpy as np

from finetrust.core.evidence import Evidence
from finetrust.core.measure import Estimate, measure
from finetrust.trust.accuracy.segmentation.counts import COLUMNS, ClassPixels
from finetrust.trust.accuracy.segmentation.resampling import mean_of_ratios, of_images


@measure(
    "mean_dice",
    axis="accuracy",
    title="Mean dice",
    better="higher",
    method="Twice the pixels that are of a class and predicted as it, divided by those of the class plus "
    "those predicted, over all images together; the mean over the classes that appear. BCa "
    "bootstrap over images.",
    reference="Dice 1945, Ecology 26(3), eq. 1",
    unit="%",
    needs=COLUMNS,
    topic="right",
)
def mean_dice(evidence: Evidence) -> Iterator[Estimate]:
    """Yield the mean over the classes."""
    pixels = ClassPixels.of(evidence.clean)
    columns = np.concatenate([2 * pixels.right, pixels.target + pixels.predicted], axis=1)
    yield Estimate(*of_images(mean_of_ratios, columns, evidence.seed), len(columns))

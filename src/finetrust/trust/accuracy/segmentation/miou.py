"""Mean intersection over union, and that of each class."""

from collections.abc import Iterator

import numpy as np

from finetrust.core.evidence import Evidence
from finetrust.core.measure import Estimate, measure
from finetrust.trust.accuracy.segmentation.counts import COLUMNS, ClassPixels, matrices, names_of
from finetrust.trust.accuracy.segmentation.resampling import mean_of_ratios, of_images


@measure(
    "miou",
    axis="accuracy",
    title="Mean intersection over union",
    better="higher",
    method="Pixels that are of a class and predicted as it, divided by those that are either, over all "
    "images together; the mean over the classes that appear. BCa bootstrap over images (n counts "
    "them, per class those that show it); pixels to ignore are left out.",
    reference="Everingham et al. 2015, IJCV 111, section 4.2.2",
    unit="%",
    needs=COLUMNS,
    meaning="For each class, the share of the pixels given to it by the model or by the mask on which "
    "both agree; 100 % would be every border in its place.",
    topic="right",
)
def miou(evidence: Evidence) -> Iterator[Estimate]:
    """Yield the mean, then the value of each class; the details hold the confusion matrix."""
    pixels, names = ClassPixels.of(evidence.clean), names_of(evidence)
    details = {
        "classes": names,
        "confusion": matrices(evidence.clean).sum(axis=0).tolist(),
        "no_answer": int(evidence.clean["unanswered"].sum()),
        "counted": "pixels",
    }
    columns = np.concatenate([pixels.right, pixels.union], axis=1)
    value, low, high = of_images(mean_of_ratios, columns, evidence.seed)
    yield Estimate(value, low, high, len(columns), details=details)
    yield from per_class(pixels.right, pixels.union, names, evidence.seed)


def per_class(
    numerators: np.ndarray, denominators: np.ndarray, names: list[str], seed: int
) -> Iterator[Estimate]:
    """Yield the ratio of each class, from the images that have something of it in the denominator."""
    for k, name in enumerate(names):
        shown = denominators[:, k] > 0
        if shown.any():
            columns = np.stack([numerators[shown, k], denominators[shown, k]], axis=1)
            value, low, high = of_images(mean_of_ratios, columns, seed)
            yield Estimate(value, low, high, int(shown.sum()), subset=f"class={name}")

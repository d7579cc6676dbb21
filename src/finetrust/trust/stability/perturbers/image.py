"""Corrupted images: decoded once, and corrupted in batches on the network's device."""

from collections.abc import Sequence

import numpy as np
from torch import Tensor

from finetrust.core.predictions import Predictions
from finetrust.models.tree import Tree
from finetrust.trust.stability.corruptions.catalogue import SEVERITIES, Corruption, corruptions
from finetrust.trust.stability.perturbers.perturber import perturbers
from finetrust.trust.trials.bench import Bench
from finetrust.trust.trials.effort import EffortName

QUICK = ("gaussian_noise", "defocus_blur", "brightness", "contrast")


class ImagePerturber:
    """Common corruptions (Hendrycks & Dietterich 2019) of image tensors."""

    severities = SEVERITIES

    def names(self, effort: EffortName) -> tuple[str, ...]:
        return QUICK if effort == "quick" else tuple(corruptions.names())

    def default_severities(self, effort: EffortName) -> tuple[int, ...]:
        return (1, 3, 5) if effort == "quick" else SEVERITIES

    def check(self, names: Sequence[str]) -> None:
        for name in names:
            corruptions.get(name)

    def predictions(self, bench: Bench, rows: np.ndarray, name: str, severity: int) -> Predictions:
        corruption = corruptions.get(name)
        return bench.answers(
            rows,
            f"{name}-{severity}",
            lambda part, images: _corrupted(corruption, images, severity, bench.seeds(part)),
        )


def _corrupted(corruption: Corruption, images: Tree, severity: int, seeds: Tensor) -> Tree:
    """Return a batch of images corrupted; images of several sizes come as a list."""
    if isinstance(images, Tensor):
        return corruption(images, severity, seeds)
    pairs = zip(images, seeds, strict=True)
    return [corruption(image[None], severity, seed[None])[0] for image, seed in pairs]


perturbers.add("image", ImagePerturber())

"""AugMix: chains of operations, mixed with each other and with the image (Hendrycks et al. 2020)."""

from typing import Annotated

import numpy as np
from PIL import Image
from pydantic import Field

from finetrust.config import Count
from finetrust.data.images.augmentations.augmentation import Augmentation, Step, augmentations
from finetrust.data.images.augmentations.draws import one_of, shares, uniform
from finetrust.data.images.augmentations.operations import MOST_SEVERE, drawn_operation

SEVERITY, WIDTH, LONGEST = 3, 3, 3
"""Of section 3: k = 3 chains of 1 to 3 operations; the severity of the authors' code for CIFAR."""


@augmentations.register("augmix")
class AugMix(Augmentation):
    """Hendrycks, Mu, Cubuk, Zoph, Gilmer & Lakshminarayanan (2020), "AugMix", ICLR, algorithm 1.

    ``(1 - m) x + m sum_i w_i chain_i(x)`` with w from Dirichlet(1, ..., 1) and m from Beta(1, 1), rounded
    to 8 bits. Its loss is an addition of its own, ``augmix-consistency``.
    """

    changes = "colours"

    severity: Annotated[int, Field(ge=1, le=MOST_SEVERE)] = Field(
        SEVERITY, description="Greatest strength of the operations, 1 to 10."
    )
    width: Count = Field(WIDTH, description="Chains of operations that are mixed.")

    def step(self, still: bool = False) -> Step:
        return _AugMix(self.severity, self.width, still)


class _AugMix:
    def __init__(self, severity: int, width: int, still: bool) -> None:
        self._severity, self._width, self._still = severity, width, still

    def __call__(self, image: Image.Image) -> Image.Image:
        weights, of_chains = shares(self._width), uniform(0, 1)
        mixed = np.float32(1 - of_chains) * np.asarray(image)
        for weight in weights:
            mixed += np.float32(of_chains * weight) * np.asarray(self._chain(image))
        return Image.fromarray(np.rint(mixed).clip(0, 255).astype(np.uint8))

    def _chain(self, image: Image.Image) -> Image.Image:
        for _ in range(1 + one_of(LONGEST)):
            image = drawn_operation(image, self._severity, self._still)
        return image

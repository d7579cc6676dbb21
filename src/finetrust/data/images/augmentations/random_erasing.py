"""Random erasing: a rectangle of random pixels over the image (Zhong et al. 2020)."""

from typing import Annotated, Any

import torch
from PIL import Image
from pydantic import Field
from torchvision.transforms import v2

from finetrust.data.images.augmentations.augmentation import Augmentation, Step, augmentations

PROBABILITY, AREA, RATIO = 0.5, (0.02, 0.4), (0.3, 1 / 0.3)
"""The paper's settings: p = 0.5, s_l = 0.02, s_h = 0.4, r_1 = 1/r_2 = 0.3."""


@augmentations.register("random-erasing")
class RandomErasing(Augmentation):
    """Zhong, Zheng, Kang, Li & Yang (2020), "Random Erasing Data Augmentation", AAAI, algorithm 1.

    Every pixel of the rectangle is random in [0, 255] (the paper's best of four fillings). Rectangles
    are drawn by torchvision: the logarithm of the proportion is even, and the place among all where the
    rectangle fits, where the paper draws all anew if it does not fit.
    """

    changes = "parts"

    probability: Annotated[float, Field(ge=0, le=1)] = Field(
        PROBABILITY, description="Share of the images of which a part is erased."
    )

    def step(self, still: bool = False) -> Step:
        return _Erase(self.probability, AREA, RATIO)

    def of_mask(self) -> Step:
        return _EraseNothing(self.probability, AREA, RATIO)


class _Erase(v2.RandomErasing):
    def make_params(self, flat_inputs: list[Any]) -> dict[str, Any]:
        params = super().make_params(flat_inputs)
        if params["v"] is not None:
            params["v"] = torch.randint(256, (3, params["h"], params["w"]), dtype=torch.uint8)
        return params


class _EraseNothing(_Erase):
    """The same draws; what is hidden of an object is still its place."""

    def transform(self, inpt: Image.Image, params: dict[str, Any]) -> Image.Image:
        return inpt

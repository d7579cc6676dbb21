"""The image, blurred: what Petsiuk et al. 2018 (RISE) insert pixels into."""

from torch import Tensor

from finetrust.trust.interpretability.faithfulness.replacements.replacement import (
    Remover,
    filled_from,
    replacements,
)
from finetrust.trust.stability.corruptions.gaussian_filter import gaussian_filter

_SIGMA_PER_WIDTH = 5 / 112


@replacements.register("blur")
def blur(images: Tensor, seeds: Tensor) -> Remover:
    """Return a remover that puts the image after a Gaussian blur.

    Its standard deviation is 10 pixels of 224, and in proportion for other sizes: the kernel of RISE
    (5 pixels, cut off after 5) leaves objects that a network still knows.
    """
    sigma = _SIGMA_PER_WIDTH * min(images.shape[-2:])
    return filled_from(images, gaussian_filter(images, sigma))

"""The mean colour of the image itself."""

from torch import Tensor

from finetrust.trust.interpretability.faithfulness.replacements.replacement import (
    Remover,
    filled_from,
    replacements,
)


@replacements.register("mean")
def mean(images: Tensor, seeds: Tensor) -> Remover:
    """Return a remover that puts the mean of each channel over all places of the same image."""
    return filled_from(images, images.mean(dim=(-2, -1), keepdim=True))

"""Black: the replacement of the first papers, and of Bach et al. 2015."""

from torch import Tensor

from finetrust.trust.interpretability.faithfulness.replacements.replacement import (
    Remover,
    filled_from,
    replacements,
)


@replacements.register("black")
def black(images: Tensor, seeds: Tensor) -> Remover:
    """Return a remover that puts 0 in every channel."""
    return filled_from(images, images.new_zeros(()))

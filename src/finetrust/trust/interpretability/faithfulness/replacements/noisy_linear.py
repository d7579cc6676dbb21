"""Noisy linear imputation: a gone pixel is the weighted mean of its eight neighbours, with noise.

Rong, Leemann, Borisov, Kasneci & Kasneci, "A Consistent and Efficient Evaluation Strategy for Attribution
Methods" (ROAD), ICML 2022, arXiv:2202.00449, section 5: direct neighbours weigh 1/6, diagonal ones 1/12.
The shape of what is gone can no longer be read from a hard edge.
"""

import torch
from torch import Tensor

from finetrust.trust.interpretability.faithfulness.replacements.multigrid import filled
from finetrust.trust.interpretability.faithfulness.replacements.replacement import (
    Remover,
    replacements,
)
from finetrust.trust.trials.draws import standard_normal

NOISE = 0.01
_GREY = 0.5
_VALUES_AT_ONCE = 1 << 18
"""What a core keeps in its own cache while it iterates: twice as fast as a batch that does not fit."""


@replacements.register("noisy_linear")
def noisy_linear(images: Tensor, seeds: Tensor) -> Remover:
    """Return a remover that interpolates, with Gaussian noise of standard deviation 0.01."""
    noise = NOISE * standard_normal(images, seeds)

    def remove(gone: Tensor) -> Tensor:
        k = len(gone)
        repeated = images.expand(k, *images.shape).flatten(0, 1)
        smooth = linear_imputation(repeated, gone.flatten(0, 1)).view(k, *images.shape)
        return torch.where(gone.unsqueeze(-3), smooth + noise, images)

    return remove


def linear_imputation(images: Tensor, gone: Tensor) -> Tensor:
    """Return `images` with every pixel that is gone equal to the weighted mean of its neighbours.

    Neighbours beyond the edge do not count. The linear system is solved for each channel on its own, so
    that an image comes out the same in any batch. Where no pixel is left, all are grey (0.5). On photos
    of 224 x 224 pixels it is within 0.002 of a direct solver even where a twentieth of them is left: a
    fifth of the noise, and half a step of 8 bits.

    Parameters
    ----------
    images : float tensor (n, c, h, w)
    gone : bool tensor (n, h, w)

    Returns
    -------
    float tensor (n, c, h, w)
    """
    if images.is_cuda:
        return _imputed(images, gone)
    at_once = max(1, _VALUES_AT_ONCE // images.shape[1:].numel())
    parts = zip(images.split(at_once), gone.split(at_once), strict=True)
    return torch.cat([_imputed(part, of_part) for part, of_part in parts])


def _imputed(images: Tensor, gone: Tensor) -> Tensor:
    planes, hole = images.flatten(0, 1), gone.repeat_interleave(images.shape[1], 0).to(images.dtype)
    left = (1 - hole).sum(dim=(1, 2), keepdim=True)
    mean = ((planes * (1 - hole)).sum(dim=(1, 2), keepdim=True) / left).where(left > 0, _GREY)
    return torch.where(gone[:, None], filled(planes, hole, mean).view_as(images), images)

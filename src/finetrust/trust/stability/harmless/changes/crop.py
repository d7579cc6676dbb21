"""Crops of the middle, enlarged to the size of the image."""

from collections.abc import Sequence
from functools import partial

import torch
from torch import Tensor

from finetrust.models.preprocessing import Preprocessing
from finetrust.trust.stability.harmless.changes.family import Change, family, of_pixels
from finetrust.trust.stability.harmless.changes.sampled import sampled

PERCENT = (95, 90, 85)


@family("crop")
def crops(preprocessing: Preprocessing) -> Sequence[Change]:
    """Return crops of 95, 90 and 85 % of either side."""
    return [
        Change(f"side-{p}", of_pixels(partial(cropped, share=p / 100)), brief=p == PERCENT[1])
        for p in PERCENT
    ]


def cropped(images: Tensor, share: float) -> Tensor:
    """Return the middle of images, enlarged bicubically to their size.

    Parameters
    ----------
    images : float tensor (n, c, h, w)
        In [0, 1].
    share : float
        Of either side that is kept; a crop need not be of whole pixels.
    """
    return sampled(images, share * torch.eye(2, dtype=torch.float64))

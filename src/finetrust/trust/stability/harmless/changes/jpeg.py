"""JPEG compression, by the library that compresses most pictures there are (libjpeg-turbo)."""

from collections.abc import Sequence
from functools import partial

import torch
from torch import Tensor

from finetrust.models.preprocessing import Preprocessing
from finetrust.trust.stability.harmless.changes.family import Change, family, of_pixels

QUALITIES = (95, 75, 50)


@family("jpeg")
def jpegs(preprocessing: Preprocessing) -> Sequence[Change]:
    """Return JPEG compression at quality 95, 75 and 50."""
    return [
        Change(
            f"quality-{quality}",
            of_pixels(partial(compressed, quality=quality)),
            brief=quality < QUALITIES[0],
        )
        for quality in QUALITIES
    ]


def compressed(images: Tensor, quality: int) -> Tensor:
    """Return images compressed as JPEG (with chroma at half the resolution) and decoded again.

    Parameters
    ----------
    images : float tensor (n, 3, h, w)
        In [0, 1]; rounded to 8 bits first.
    quality : int
        1 to 100.
    """
    from torchvision.io import decode_jpeg, encode_jpeg

    pixels = (images * 255).round().to(torch.uint8).cpu()
    decoded = decode_jpeg(encode_jpeg(list(pixels), quality))
    return torch.stack(decoded).to(images.device).float() / 255

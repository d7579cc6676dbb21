"""Mirroring from left to right: harmless for most photographs, and not for writing."""

from collections.abc import Sequence

from torch import Tensor

from finetrust.models.preprocessing import Preprocessing
from finetrust.trust.stability.harmless.changes.family import Change, family, of_pixels


@family("flip")
def flips(preprocessing: Preprocessing) -> Sequence[Change]:
    """Return the one mirror image."""
    return [Change("horizontal", of_pixels(mirrored), brief=True)]


def mirrored(images: Tensor) -> Tensor:
    """Return images (n, c, h, w) with left and right exchanged."""
    return images.flip(3)

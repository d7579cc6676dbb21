"""Mirroring from top to bottom: harmless where there is no up and down, as under a microscope."""

from collections.abc import Sequence

from torch import Tensor

from finetrust.models.preprocessing import Preprocessing
from finetrust.trust.stability.harmless.changes.family import Change, family, of_pixels


@family("vertical_flip", usual=False)
def vertical_flips(preprocessing: Preprocessing) -> Sequence[Change]:
    """Return the one image upside down."""
    return [Change("vertical", of_pixels(upside_down), brief=True)]


def upside_down(images: Tensor) -> Tensor:
    """Return images (n, c, h, w) with top and bottom exchanged."""
    return images.flip(2)

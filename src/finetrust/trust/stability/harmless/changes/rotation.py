"""Small rotations about the centre (Engstrom et al., "Exploring the Landscape of Spatial Robustness",
ICML 2019).
"""

import math
from collections.abc import Sequence
from functools import partial

import torch
from torch import Tensor

from finetrust.models.preprocessing import Preprocessing
from finetrust.trust.stability.harmless.changes.family import Change, family, of_pixels
from finetrust.trust.stability.harmless.changes.sampled import sampled

DEGREES = (2, 5, 10)


@family("rotation")
def rotations(preprocessing: Preprocessing) -> Sequence[Change]:
    """Return rotations by 2, 5 and 10 degrees to either side."""
    return [
        Change(
            f"{way}-{degrees}",
            of_pixels(partial(rotated, degrees=sign * degrees)),
            brief=degrees == DEGREES[1],
        )
        for degrees in DEGREES
        for way, sign in (("left", 1), ("right", -1))
    ]


def rotated(images: Tensor, degrees: float) -> Tensor:
    """Return images turned counter-clockwise about their centre, bicubically.

    Corners that come into view are the reflection of the image at its border.

    Parameters
    ----------
    images : float tensor (n, c, h, w)
        In [0, 1].
    degrees : float
    """
    angle = math.radians(degrees)
    cos, sin = math.cos(angle), math.sin(angle)
    # Rows count downwards: turning back, clockwise on the screen, takes (x, y) to this place.
    return sampled(images, torch.tensor([[cos, -sin], [sin, cos]], dtype=torch.float64))

"""Shifts by a few pixels (Azulay & Weiss, "Why do deep convolutional networks generalize so poorly to
small image transformations?", JMLR 2019).
"""

from collections.abc import Sequence
from functools import partial

import torch
from torch import Tensor

from finetrust.models.preprocessing import Preprocessing
from finetrust.trust.stability.harmless.changes.family import Change, family, of_pixels

PIXELS = (1, 2, 4, 8)
MOST_OF_SIDE = 8
"""No shift is longer than the side divided by this: what is shown must stay in the image."""

_WAYS = {"left": (-1, 0), "right": (1, 0), "up": (0, -1), "down": (0, 1)}
_BRIEF = ("left", "down")
"""The ways of the shortest shift at effort quick; the longest goes the other ways."""


@family("shift")
def shifts(preprocessing: Preprocessing) -> Sequence[Change]:
    """Return shifts by 1, 2, 4 and 8 pixels in four directions, as far as the image is large."""
    most = max(1, preprocessing.input_size // MOST_OF_SIDE)
    amounts = [n for n in PIXELS if n <= most]
    return [
        Change(
            f"{way}-{n}",
            of_pixels(partial(shifted, right=n * right, down=n * down)),
            brief=(way in _BRIEF and n == amounts[0]) or (way not in _BRIEF and n == amounts[-1]),
        )
        for n in amounts
        for way, (right, down) in _WAYS.items()
    ]


def shifted(images: Tensor, right: int, down: int) -> Tensor:
    """Return images whose content is moved by whole pixels.

    What comes into view is the reflection of the image at its border: no black edge, which a model
    may rightly take for something that is shown.

    Parameters
    ----------
    images : tensor (n, c, h, w)
    right, down : int
        How far; negative to the left and up. Not farther than the side.
    """
    rows = _mirrored_positions(images.shape[2], down, images.device)
    columns = _mirrored_positions(images.shape[3], right, images.device)
    return images.index_select(2, rows).index_select(3, columns)


def _mirrored_positions(side: int, shift: int, device: torch.device) -> Tensor:
    """Return from where each place of a row is filled: int64 (side,)."""
    source = torch.arange(side, device=device) - shift
    source = torch.where(source < 0, -1 - source, source)
    return torch.where(source >= side, 2 * side - 1 - source, source)

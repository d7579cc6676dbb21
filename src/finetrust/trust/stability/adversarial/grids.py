"""At which sizes of a perturbation robustness is measured.

L-inf: 1/2 to 16 of the 255 levels of a colour value, around the 4/255 (ImageNet) and 8/255 (CIFAR-10)
of the published leader boards (Croce et al., "RobustBench", NeurIPS 2021). L2: 1/8 to 2 for images of
32 x 32 pixels, around the published 0.5; a change of the same visibility is longer in a larger image,
by the root of the number of pixels, so that 0.5 becomes 3.5 at 224 x 224 (published: 3).
"""

from collections.abc import Mapping
from dataclasses import dataclass

LEVELS = 255
LINF_LEVELS = (0.5, 1.0, 2.0, 4.0, 8.0, 16.0)
LINF_REFERENCE = 4.0
L2_SIZES = (0.125, 0.25, 0.5, 1.0, 2.0)
L2_REFERENCE = 0.5
_L2_PIXELS = 32 * 32


@dataclass(frozen=True)
class Grid:
    """Ascending sizes, and the one among them that stands for all."""

    sizes: tuple[float, ...]
    reference: float


def grid_of(norm: str, height: int, width: int) -> Grid:
    """Return the sizes at which images of `height` times `width` pixels are attacked."""
    if norm == "linf":
        return Grid(tuple(level / LEVELS for level in LINF_LEVELS), LINF_REFERENCE / LEVELS)
    factor = (height * width / _L2_PIXELS) ** 0.5
    return Grid(tuple(size * factor for size in L2_SIZES), L2_REFERENCE * factor)


def label_of(norm: str, size: float) -> str:
    """Return a size as it is written: ``4/255`` in L-inf, ``0.5`` in L2."""
    return f"{size * LEVELS:.4g}/{LEVELS}" if norm == "linf" else f"{size:.4g}"


NORM_TITLES: Mapping[str, str] = {
    "linf": "Largest change of a colour value",
    "l2": "Euclidean length of the change",
}

"""Changes that leave what an image shows as it is, and how a map of the changed image is laid back."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial

from torch import Tensor

from finetrust.config import EvaluateOptions
from finetrust.trust.stability.harmless.changes.colour import through_hsv
from finetrust.trust.stability.harmless.changes.flip import mirrored
from finetrust.trust.stability.harmless.changes.jpeg import compressed
from finetrust.trust.stability.harmless.changes.shift import shifted
from finetrust.trust.stability.harmless.changes.vertical_flip import upside_down
from finetrust.trust.stability.harmless.trial import chosen_families

QUALITY = 75
LIGHT = 1.1
MOST_SHIFT = 8
SHIFT_OF_SIDE = 16
"""The shift is this part of the side, and no more than ``MOST_SHIFT`` pixels."""

LaidBack = Callable[[Tensor, Tensor], tuple[Tensor, Tensor]]
"""From maps (n, h, w) of images and of the changed images to the places that both show, in one order."""


@dataclass(frozen=True)
class HarmlessChange:
    """A change of images that can be undone on their maps without resampling.

    Parameters
    ----------
    name : str
    apply : callable
        From images, float tensor (n, 3, h, w) in [0, 1], to changed ones.
    laid_back : callable
    """

    name: str
    apply: Callable[[Tensor], Tensor]
    laid_back: LaidBack


def chosen_changes(
    options: EvaluateOptions, mirrored_alike: bool, side: int
) -> list[HarmlessChange]:
    """Return one change of each family that the user holds for harmless.

    Turned, cropped and resized images are left out: their maps would have to be resampled, which moves
    the order of the places by itself. A little more light and contrast are added unless the user names
    families.

    Parameters
    ----------
    options : EvaluateOptions
    mirrored_alike : bool
        Whether a mirrored image still shows the same.
    side : int
        Of the images, in pixels.
    """
    pixels = max(1, min(MOST_SHIFT, side // SHIFT_OF_SIDE))
    made = [
        HarmlessChange("flip", mirrored, _mirrored_back),
        HarmlessChange("vertical_flip", upside_down, _turned_back),
        HarmlessChange(
            "shift", partial(shifted, right=pixels, down=0), partial(_shifted_back, pixels)
        ),
        HarmlessChange("jpeg", partial(compressed, quality=QUALITY), _as_they_are),
        HarmlessChange("colour", through_hsv, _as_they_are),
    ]
    named = {family.name for family in chosen_families(options.harmless_changes, mirrored_alike)}
    chosen = [change for change in made if change.name in named]
    if options.harmless_changes is None:
        chosen.append(HarmlessChange("brightness", _brighter, _as_they_are))
        chosen.append(HarmlessChange("contrast", _starker, _as_they_are))
    return chosen


def facts(changes: Sequence[HarmlessChange], side: int) -> dict[str, int | float | list[str]]:
    """Return all that the changes depend on, as JSON values."""
    names = [change.name for change in changes]
    return {"changes": names, "side": side, "light": LIGHT, "quality": QUALITY}


def _brighter(images: Tensor) -> Tensor:
    return (images * LIGHT).clamp(0, 1)


def _starker(images: Tensor) -> Tensor:
    mean = images.mean(dim=(1, 2, 3), keepdim=True)
    return (mean + LIGHT * (images - mean)).clamp(0, 1)


def _as_they_are(maps: Tensor, changed: Tensor) -> tuple[Tensor, Tensor]:
    return maps, changed


def _mirrored_back(maps: Tensor, changed: Tensor) -> tuple[Tensor, Tensor]:
    return maps, changed.flip(2)


def _turned_back(maps: Tensor, changed: Tensor) -> tuple[Tensor, Tensor]:
    return maps, changed.flip(1)


def _shifted_back(pixels: int, maps: Tensor, changed: Tensor) -> tuple[Tensor, Tensor]:
    """Leave out what moved out of sight, and the reflection that came into it."""
    return maps[:, :, :-pixels], changed[:, :, pixels:]

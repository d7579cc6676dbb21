"""TrivialAugment: one operation of random strength (Müller & Hutter 2021)."""

from typing import Any

from torchvision.transforms import v2

from finetrust.data.images.augmentations.augmentation import Augmentation, Step, augmentations

_MOVES = ("Shear", "Translate", "Rotate")


@augmentations.register("trivialaugment")
class TrivialAugment(Augmentation):
    """The wide space of Müller & Hutter (2021), "TrivialAugment", ICCV, table 6; torchvision's own."""

    changes = "colours"

    def step(self, still: bool = False) -> Step:
        return _Colours() if still else v2.TrivialAugmentWide()

    def of_mask(self) -> Step:
        return _Moves()


class _Colours(v2.TrivialAugmentWide):
    """TrivialAugment over those of its operations that move nothing."""

    _AUGMENTATION_SPACE = {
        name: strength
        for name, strength in v2.TrivialAugmentWide._AUGMENTATION_SPACE.items()
        if not name.startswith(_MOVES)
    }


class _Moves(v2.TrivialAugmentWide):
    """TrivialAugment as a mask sees it: the same draws, no change of colour."""

    def _apply_image_or_video_transform(
        self, image: Any, transform_id: str, magnitude: float, interpolation: Any, fill: Any
    ) -> Any:
        if not transform_id.startswith(_MOVES):
            return image
        return super()._apply_image_or_video_transform(
            image, transform_id, magnitude, interpolation, fill
        )

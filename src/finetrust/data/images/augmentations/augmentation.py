"""An augmentation: a random change of a training image, what is joined by ``+`` to how it is framed."""

from abc import ABC, abstractmethod
from collections.abc import Callable
from typing import ClassVar, Literal

from PIL import Image

from finetrust.config import Options
from finetrust.core.registry import Registry

Change = Literal["frame", "colours", "parts"]
"""What of an image is changed: which part of it is seen, its colours everywhere, or single parts."""

Step = Callable[[Image.Image], Image.Image]
"""From an RGB image to one of the same size; what is random draws from torch's default generator."""


class Augmentation(Options, ABC):
    """A random change of an image; its fields are what can be set in brackets behind its name."""

    changes: ClassVar[Change]
    """What a task must not learn from for the change to be harmless; see ``Task.changes``."""

    @abstractmethod
    def step(self, still: bool = False) -> Step:
        """Return the change.

        Parameters
        ----------
        still : bool
            Leave every place of the image where it is, for boxes and masks stay where they are.
        """

    def of_mask(self) -> Step | None:
        """Return what moves the mask of an object, given as an image, as `step` moves its image.

        It draws the very numbers that `step` draws. None where an object would be in several places.
        """
        return None


augmentations: Registry[type[Augmentation]] = Registry(
    "augmentation", "finetrust.data.images.augmentations"
)

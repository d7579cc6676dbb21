"""Preprocessing: what pretrained weights expect of their input, kept with them wherever they go."""

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from PIL import Image

from finetrust.data.images.augmentations.augment import read_augment

if TYPE_CHECKING:
    from torch import Tensor, nn

Interpolation = Literal["nearest", "bilinear", "bicubic", "lanczos"]

_PIXELS_AT_ONCE = 1 << 18


@dataclass(frozen=True)
class Preprocessing:
    """How an image becomes the input of a network.

    Parameters
    ----------
    input_size : int
        Side of the square input, in pixels.
    resize : int
        Length of the shorter side before the centre crop, in pixels.
    interpolation : {"nearest", "bilinear", "bicubic", "lanczos"}
        Filter, always antialiased.
    mean, std : tuple of float (3,)
        Subtracted from, then divided out of, RGB values in [0, 1].
    squash : bool
        Resize both sides to `resize`, whatever the image's proportions, instead of the shorter one.
    """

    input_size: int
    resize: int
    interpolation: Interpolation
    mean: tuple[float, float, float]
    std: tuple[float, float, float]
    squash: bool = False

    def overridden(
        self,
        input_size: int | None = None,
        mean: tuple[float, float, float] | None = None,
        std: tuple[float, float, float] | None = None,
        interpolation: Interpolation | None = None,
    ) -> "Preprocessing":
        """Return this preprocessing with what was given; the resize keeps its ratio to the size."""
        size = input_size or self.input_size
        return replace(
            self,
            input_size=size,
            resize=round(self.resize * size / self.input_size),
            mean=mean or self.mean,
            std=std or self.std,
            interpolation=interpolation or self.interpolation,
        )

    def transform(self) -> "Callable[[Image.Image], Tensor]":
        """Return the function from an RGB image to a uint8 tensor (3, input_size, input_size).

        The same pixels as torchvision's ``Resize``, ``CenterCrop`` and ``PILToTensor``, in less
        time on small images.
        """
        return _ResizeAndCrop(self)

    def augmented(self, augment: str) -> "Callable[[Image.Image], Tensor]":
        """Return a random transform for training, of the same shape and dtype as `transform`.

        Parameters
        ----------
        augment : str
            As :func:`finetrust.data.images.augmentations.augment.read_augment` takes it.
        """
        from torchvision.transforms import v2

        if augment == "none":
            return self.transform()
        chosen = read_augment(augment)
        return v2.Compose(
            [*self.framing(chosen.crops, chosen.mirrors), *chosen.steps(), v2.PILToTensor()]
        )

    def framing(self, crops: bool, mirrors: bool) -> "list[Callable[[Image.Image], Image.Image]]":
        """Return the steps from an image to one of the size of the input.

        Parameters
        ----------
        crops : bool
            By a random resized crop of 35-100 % of the area, not by what an evaluation sees.
        mirrors : bool
            Whether half of the images are mirrored.
        """
        from torchvision.transforms import v2

        crop = v2.RandomResizedCrop(
            self.input_size, scale=(0.35, 1.0), interpolation=self._filter(), antialias=True
        )
        framed = crop if crops else _ResizeAndCrop(self).framed
        return [framed, v2.RandomHorizontalFlip()] if mirrors else [framed]

    def collate(self, prepared: "Sequence[Tensor]") -> "Tensor":
        """Return prepared images as one uint8 tensor (n, 3, input_size, input_size)."""
        import torch

        return torch.stack(list(prepared))

    def normaliser(self) -> "nn.Module":
        """Return the layer that normalises pixels."""
        from finetrust.models.normalise import Normalise

        return Normalise(self.mean, self.std)

    def example(self, n: int) -> "Tensor":
        """Return `n` images of noise, always the same, as floats in [0, 1]."""
        return noise(n, self.input_size, self.input_size)

    def items_at_once(self, on_cpu: bool) -> int:
        """Return how many images a forward pass without gradients takes."""
        return images_at_once(self.input_size**2, on_cpu)

    def feature_lengths(self, inputs: "Tensor") -> None:
        """Return None: the features of all images have the same shape."""
        return

    def lengths(self, values: Sequence[Any]) -> None:
        """Return None: all images are alike."""
        return

    def save(self, folder: Path) -> dict[str, Any]:
        """Return the preprocessing as JSON values; it needs no files."""
        return self.to_dict()

    def to_dict(self) -> dict[str, Any]:
        """Return the preprocessing as JSON values."""
        return asdict(self)

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> "Preprocessing":
        """Return the preprocessing that :meth:`to_dict` described."""
        pairs = {"mean": tuple(values["mean"]), "std": tuple(values["std"])}
        return cls(**{**values, **pairs})

    def _filter(self) -> Any:
        from torchvision.transforms import InterpolationMode

        return InterpolationMode(self.interpolation)


def noise(n: int, height: int, width: int) -> "Tensor":
    """Return `n` images (n, 3, height, width) of noise in [0, 1], always the same."""
    import torch

    return torch.rand(n, 3, height, width, generator=torch.Generator().manual_seed(0))


def images_at_once(pixels: int, on_cpu: bool) -> int:
    """Return how many images of so many pixels a forward pass without gradients takes."""
    least, most = (64, 256) if on_cpu else (256, 256)
    return max(least, min(most, _PIXELS_AT_ONCE // pixels))


class _ResizeAndCrop:
    """Shorter side to `resize` pixels, then the square in the middle."""

    def __init__(self, preprocessing: Preprocessing) -> None:
        self._resize, self._size = preprocessing.resize, preprocessing.input_size
        self._filter = Image.Resampling[preprocessing.interpolation.upper()]
        self._squash = preprocessing.squash

    def __call__(self, image: Image.Image) -> "Tensor":
        import numpy as np
        import torch

        return torch.from_numpy(np.array(self.framed(image))).permute(2, 0, 1).contiguous()

    def framed(self, image: Image.Image) -> Image.Image:
        """Return the image in the size of the input."""
        width, height = image.size
        short = min(width, height)
        if self._squash:
            width = height = self._resize
        elif short != self._resize:
            width, height = (int(self._resize * side / short) for side in (width, height))
        if image.size != (width, height):
            image = image.resize((width, height), self._filter)
        if image.size != (self._size, self._size):
            left, top = _margin(width - self._size), _margin(height - self._size)
            image = image.crop((left, top, left + self._size, top + self._size))
        return image


def _margin(surplus: int) -> int:
    """Return what torchvision cuts off before the middle, or (negative) pads where it is too small."""
    return round(surplus / 2) if surplus >= 0 else -(-surplus // 2)

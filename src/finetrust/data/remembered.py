"""Decoded images that are kept in memory as long as there are few, so that each is decoded once."""

from dataclasses import replace
from pathlib import Path

from PIL import Image

from finetrust.data.dataset import Dataset, Inputs

MOST_BYTES = 256 << 20


def remembering(dataset: Dataset, most_bytes: int = MOST_BYTES) -> Dataset:
    """Return `dataset` with inputs that keep the first decoded images, up to `most_bytes` of pixels."""
    return replace(dataset, inputs=Remembered(dataset.inputs, most_bytes))


class Remembered:
    """Inputs whose decoded images stay in memory until there is no room for more.

    Parameters
    ----------
    inputs : Inputs
    most_bytes : int
        Of pixels; what comes later is decoded whenever it is asked for.
    """

    def __init__(self, inputs: Inputs, most_bytes: int) -> None:
        self._inputs, self._room = inputs, most_bytes
        self._images: dict[int, Image.Image] = {}

    def __len__(self) -> int:
        return len(self._inputs)

    def __getitem__(self, index: int) -> Image.Image:
        known = self._images.get(index)
        if known is not None:
            return known
        image = self._inputs[index]
        size = image.width * image.height * len(image.getbands())
        if size <= self._room:
            self._room -= size
            self._images[index] = image
        return image

    def content(self, index: int) -> bytes:
        return self._inputs.content(index)

    def location(self, index: int) -> Path | None:
        return self._inputs.location(index)

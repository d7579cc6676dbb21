"""The handwritten digits that scikit-learn ships: 1,797 images of 8 x 8 pixels (UCI, CC BY 4.0)."""

from dataclasses import dataclass

import numpy as np
from PIL import Image

from finetrust.data.dataset import Dataset
from finetrust.data.source import DataOptions, formats


class DigitsFormat:
    """``digits``: needs no network and no download."""

    rank = 3

    def names(self) -> list[str]:
        return ["digits"]

    def accepts(self, name: str) -> bool:
        return name == "digits"

    def open(self, name: str, options: DataOptions) -> Dataset:
        from sklearn.datasets import load_digits

        digits = load_digits()
        pixels = np.round(digits.images * (255 / 16)).astype(np.uint8)
        return Dataset(
            name=name,
            ids=tuple(f"digits/{i:04d}" for i in range(len(pixels))),
            inputs=GreyArrays(pixels),
            targets=digits.target.astype(np.int64),
            classes=tuple(str(label) for label in digits.target_names),
            splits=np.full(len(pixels), ""),
        )


formats.add("digits", DigitsFormat())


@dataclass(frozen=True, eq=False)
class GreyArrays:
    """Inputs that are held in memory.

    Parameters
    ----------
    pixels : uint8 array (n, h, w)
    """

    pixels: np.ndarray

    def __len__(self) -> int:
        return len(self.pixels)

    def __getitem__(self, index: int) -> Image.Image:
        return Image.fromarray(self.pixels[index]).convert("RGB")

    def content(self, index: int) -> bytes:
        return self.pixels[index].tobytes()

    def location(self, index: int) -> None:
        return None

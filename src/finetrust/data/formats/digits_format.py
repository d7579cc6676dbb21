"""The handwritten digits that scikit-learn ships: 1,797 images of 8 x 8 pixels (UCI, CC BY 4.0)."""

import hashlib
import re
from dataclasses import dataclass

import numpy as np
from PIL import Image

from finetrust.core.errors import UserError
from finetrust.data.dataset import Dataset
from finetrust.data.source import DataOptions, formats


class DigitsFormat:
    """``digits``, or ``digits:N`` with N a class to train on, N to validate on, the rest to test."""

    rank = 3
    noun = "digits"
    heeds = frozenset[str]()
    tasks: tuple[str, ...] = ()

    def names(self) -> list[str]:
        return ["digits"]

    def accepts(self, name: str) -> bool:
        return re.fullmatch(r"digits(:\d+)?", name) is not None

    def open(self, name: str, options: DataOptions) -> Dataset:
        from sklearn.datasets import load_digits

        digits = load_digits()
        inputs = GreyArrays(np.round(digits.images * (255 / 16)).astype(np.uint8))
        targets = digits.target.astype(np.int64)
        few = name.partition(":")[2]
        rarest = int(np.bincount(targets).min())
        if few and not 1 <= int(few) <= (rarest - 1) // 2:
            raise UserError(
                f"{name}: of {rarest} images a class, N train, N validate and the rest test",
                f"Give digits:N with N from 1 to {(rarest - 1) // 2}.",
            )
        return Dataset(
            name=name,
            ids=tuple(f"digits/{i:04d}" for i in range(len(inputs))),
            inputs=inputs,
            targets=targets,
            classes=tuple(str(label) for label in digits.target_names),
            splits=_few_labelled(inputs, targets, int(few)) if few else np.full(len(inputs), ""),
            mirrored_alike=False,
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


def _few_labelled(inputs: GreyArrays, targets: np.ndarray, each: int) -> np.ndarray:
    digests = [hashlib.sha256(inputs.content(i)).digest() for i in range(len(inputs))]
    by_content = np.array(sorted(range(len(inputs)), key=digests.__getitem__))
    splits = np.full(len(inputs), "test", dtype="<U5")
    for label in np.unique(targets):
        rows = by_content[targets[by_content] == label]
        splits[rows[:each]] = "train"
        splits[rows[each : 2 * each]] = "val"
    return splits

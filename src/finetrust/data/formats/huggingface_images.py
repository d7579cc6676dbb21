"""Hugging Face data sets whose rows are images and their classes."""

import io
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from finetrust.data.formats.huggingface_columns import Parts, class_labels, contents, first_of
from finetrust.data.images.image_files import decode
from finetrust.data.images.image_kind import IMAGES
from finetrust.data.input_kind import InputKind
from finetrust.data.source import DataOptions


class ImageContent:
    """The first column of the type datasets.Image."""

    rank = 1
    noun = "a data set of images"
    heeds = frozenset({"label_column", "group_columns"})
    task = "classification"
    kind: InputKind = IMAGES

    def accepts(self, features: Mapping[str, Any], options: DataOptions) -> bool:
        return _image_column(features) is not None

    def read(
        self, name: str, parts: Parts, options: DataOptions
    ) -> tuple["HuggingFaceImages", np.ndarray, tuple[str, ...]]:
        column = _image_column(first_of(parts).features)
        assert column is not None
        targets, classes = class_labels(name, parts, options)
        return HuggingFaceImages(list(parts.values()), column), targets, classes


contents.add("images", ImageContent())


class HuggingFaceImages:
    """Inputs in the image column of data sets that follow one another; read from disk when needed.

    Parameters
    ----------
    parts : sequence of datasets.Dataset
    column : str
    """

    def __init__(self, parts: Sequence[Any], column: str) -> None:
        import datasets

        raw = datasets.Image(decode=False)
        self._parts = [part.select_columns([column]).cast_column(column, raw) for part in parts]
        self._starts = np.cumsum([0, *map(len, parts)])
        self._column = column

    def __len__(self) -> int:
        return int(self._starts[-1])

    def __getitem__(self, index: int) -> Image.Image:
        return decode(io.BytesIO(self.content(index)))

    def content(self, index: int) -> bytes:
        stored = self._stored(index)
        if stored is None:
            raise OSError("the row holds no image")
        if stored["bytes"] is not None:
            return stored["bytes"]
        return Path(stored["path"]).read_bytes()

    def location(self, index: int) -> Path | None:
        stored = self._stored(index)
        if stored is None or stored["bytes"] is not None:
            return None
        return Path(stored["path"])

    def _stored(self, index: int) -> dict[str, Any] | None:
        number = int(np.searchsorted(self._starts, index, side="right")) - 1
        return self._parts[number][int(index - self._starts[number])][self._column]


def _image_column(features: Mapping[str, Any]) -> str | None:
    import datasets

    return next((c for c, found in features.items() if isinstance(found, datasets.Image)), None)

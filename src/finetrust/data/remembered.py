"""Decoded inputs that are kept in memory as long as there are few, so that each is decoded once."""

from dataclasses import replace
from pathlib import Path
from typing import Any

from finetrust.data.dataset import Dataset, Inputs
from finetrust.data.input_kind import InputKind

MOST_BYTES = 256 << 20


def remembering(dataset: Dataset, most_bytes: int = MOST_BYTES) -> Dataset:
    """Return `dataset` with inputs that keep the first decoded ones, up to `most_bytes`."""
    return replace(dataset, inputs=Remembered(dataset.inputs, dataset.kind, most_bytes))


class Remembered:
    """Inputs that stay decoded in memory until there is no room for more.

    Parameters
    ----------
    inputs : Inputs
    kind : InputKind
    most_bytes : int
        What comes later is decoded whenever it is asked for.
    """

    def __init__(self, inputs: Inputs, kind: InputKind, most_bytes: int) -> None:
        self._inputs, self._kind, self._room = inputs, kind, most_bytes
        self._values: dict[int, Any] = {}

    def __len__(self) -> int:
        return len(self._inputs)

    def __getitem__(self, index: int) -> Any:
        known = self._values.get(index)
        if known is not None:
            return known
        value = self._inputs[index]
        size = self._kind.memory(value)
        if 0 < size <= self._room:
            self._room -= size
            self._values[index] = value
        return value

    def content(self, index: int) -> bytes:
        return self._inputs.content(index)

    def location(self, index: int) -> Path | None:
        return self._inputs.location(index)

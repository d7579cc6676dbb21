"""A labelled data set: ids, inputs that are read when asked for, targets, splits and subgroups."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Protocol

import numpy as np

from finetrust.data.images.image_kind import IMAGES
from finetrust.data.input_kind import InputKind

SPLITS = ("train", "val", "test")


class Inputs(Protocol):
    """Inputs by position; each is read from where it lies when it is asked for."""

    def __len__(self) -> int: ...

    def __getitem__(self, index: int) -> Any:
        """Return the decoded input; raises OSError where it cannot be decoded whole.

        An RGB image, a text (str), a pair of texts (tuple of two), or words (tuple of str).
        """
        ...

    def content(self, index: int) -> bytes:
        """Return the bytes that identify the input (the file as it is, the pixels, the text)."""
        ...

    def location(self, index: int) -> Path | None:
        """Return the file the input lies in, or None if it lies in no file of its own."""
        ...


@dataclass(frozen=True)
class Dataset:
    """Labelled inputs of one task.

    Parameters
    ----------
    name : str
        What the user called it.
    ids : tuple of str (n,)
        Unique and stable: relative paths, or row numbers.
    inputs : Inputs (n,)
    targets : array (n, ...)
        One target an item: class indices into `classes` (int64), or what else the task takes, in
        an array of dtype object.
    classes : tuple of str
    splits : array of str (n,)
        ``"train"``, ``"val"`` or ``"test"``; ``""`` where the source names none.
    groups : mapping of str to array of str (n,)
        Subgroup columns.
    digests : tuple of str (n,), optional
        SHA-256 of the content of every input, filled in by the checks.
    notes : tuple of str, optional
        What the source left out, and why; shown in the data report.
    task : str
        The task that the data are made for; the user may name another.
    kind : InputKind
        What the inputs are.
    mirrored_alike : bool
        Whether a mirrored input still shows the same; false for writing.
    """

    name: str
    ids: tuple[str, ...]
    inputs: Inputs
    targets: np.ndarray
    classes: tuple[str, ...]
    splits: np.ndarray
    groups: Mapping[str, np.ndarray] = field(default_factory=dict)
    digests: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    task: str = "classification"
    kind: InputKind = IMAGES
    mirrored_alike: bool = True

    def __len__(self) -> int:
        return len(self.ids)

    def take(self, indices: Sequence[int] | np.ndarray) -> "Dataset":
        """Return the items at `indices`, in that order."""
        rows = np.asarray(indices, dtype=np.int64)
        return replace(
            self,
            ids=tuple(self.ids[i] for i in rows),
            inputs=Subset(self.inputs, rows),
            targets=self.targets[rows],
            splits=self.splits[rows],
            groups={name: values[rows] for name, values in self.groups.items()},
            digests=tuple(self.digests[i] for i in rows) if self.digests else (),
        )

    def split(self, name: str) -> "Dataset":
        """Return the items of one split, in their order."""
        return self.take(np.flatnonzero(self.splits == name))

    @property
    def fingerprint(self) -> str:
        """SHA-256 over the content of all inputs in their order (needs `digests`)."""
        return hashlib.sha256("\n".join(self.digests).encode()).hexdigest()


class Subset:
    """The inputs at some positions of other inputs."""

    def __init__(self, inputs: Inputs, rows: np.ndarray) -> None:
        if isinstance(inputs, Subset):
            rows = inputs._rows[rows]
            inputs = inputs._inputs
        self._inputs: Inputs = inputs
        self._rows: np.ndarray = rows

    def __len__(self) -> int:
        return len(self._rows)

    def __getitem__(self, index: int) -> Any:
        return self._inputs[int(self._rows[index])]

    def content(self, index: int) -> bytes:
        return self._inputs.content(int(self._rows[index]))

    def location(self, index: int) -> Path | None:
        return self._inputs.location(int(self._rows[index]))

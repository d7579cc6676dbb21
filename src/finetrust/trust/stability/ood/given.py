"""Inputs that the user brings: of classes that the model does not know, or of quite another kind."""

import hashlib
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, Literal

import numpy as np

from finetrust.core.errors import UserError
from finetrust.data.dataset import Dataset
from finetrust.data.input_kind import InputKind
from finetrust.data.remembered import remembering
from finetrust.data.source import DataOptions, open_dataset

Distance = Literal["near", "far"]

_FAR = "far:"


def given_sets(
    names: Sequence[str],
    options: DataOptions,
    kind: InputKind,
    classes: Sequence[str],
    most: int,
    seed: int,
) -> Iterator[tuple[Distance, str, Dataset, str]]:
    """Yield distance, name, items and a mark of their content for each of the user's sets.

    Parameters
    ----------
    names : sequence of str
        Folders and tables; near, unless ``far:`` stands before.
    options : DataOptions
        Those of the data that are judged; what means nothing for a set is not heeded.
    kind : InputKind
        What the model takes.
    classes : sequence of str
        Those of the model; items of theirs are left out.
    most : int
        At most so many items of each set, drawn at random.
    seed : int

    Raises
    ------
    UserError
        If a set cannot be opened, or holds nothing that the model does not know.
    """
    taken: set[str] = set()
    for given in names:
        distance: Distance = "far" if given.startswith(_FAR) else "near"
        source = given.removeprefix(_FAR)
        dataset = open_given(given, options, kind)
        unknown = _of_unknown_classes(dataset, classes)
        if not len(unknown):
            raise UserError(
                f"option 'ood_data': {source} holds no input of a class that the model does not know",
                "Name data of other classes.",
            )
        drawn = np.random.default_rng(seed).permutation(len(unknown))
        some = _readable(remembering(unknown), drawn, most)
        if not len(some):
            raise UserError(
                f"option 'ood_data': no {kind.name} in {source} can be read", "Name other data."
            )
        name = _fresh(_plain(source), taken)
        taken.add(name)
        yield distance, name, some, _mark(some)


def open_given(given: str, options: DataOptions, kind: InputKind) -> Dataset:
    """Return one of the user's sets; a folder without classes will do.

    Raises
    ------
    UserError
        If it cannot be opened, or holds another kind of input.
    """
    source = given.removeprefix(_FAR)
    try:
        known = replace(options, task=None, group_columns=())
        dataset = open_dataset(source, known, others=True)
    except UserError as error:
        try:
            found = kind.given([source]) if Path(source).is_dir() else []
        except UserError:
            found = []
        if not found:
            raise UserError(f"option 'ood_data': {error.found}", error.mend) from error
        return _unlabelled(source, found, kind)
    if dataset.kind.name != kind.name:
        raise UserError(
            f"option 'ood_data': {source} holds {dataset.kind.plural}, and the model takes "
            f"{kind.plural}",
            f"Name {kind.plural}.",
        )
    return dataset


class _Files:
    """Inputs that are files, each read by a function."""

    def __init__(self, found: Sequence[tuple[str, Callable[[], Any]]]) -> None:
        self._found = found

    def __len__(self) -> int:
        return len(self._found)

    def __getitem__(self, index: int) -> Any:
        return self._found[index][1]()

    def content(self, index: int) -> bytes:
        return self.location(index).read_bytes()

    def location(self, index: int) -> Path:
        return Path(self._found[index][0])


def _unlabelled(
    source: str, found: Sequence[tuple[str, Callable[[], Any]]], kind: InputKind
) -> Dataset:
    n = len(found)
    return Dataset(
        name=source,
        ids=tuple(name for name, _ in found),
        inputs=_Files(found),
        targets=np.zeros(n, np.int64),
        classes=("",),
        splits=np.full(n, ""),
        kind=kind,
    )


def _of_unknown_classes(dataset: Dataset, classes: Sequence[str]) -> Dataset:
    if dataset.targets.ndim != 1 or dataset.targets.dtype.kind not in "iu":
        return dataset
    known = {name.casefold() for name in classes}
    unknown = np.array([name.casefold() not in known for name in dataset.classes], dtype=bool)
    return dataset.take(np.flatnonzero(unknown[dataset.targets]))


def _readable(dataset: Dataset, order: np.ndarray, most: int) -> Dataset:
    """Return the first items in this order that can be read."""
    rows: list[int] = []
    for row in order.tolist():
        if len(rows) == most:
            break
        try:
            dataset.inputs[row]
        except OSError:
            continue
        rows.append(row)
    found = dataset.take(sorted(rows))
    return replace(found, targets=np.zeros(len(rows), np.int64), digests=())


def _plain(source: str) -> str:
    return re.sub(r"[^A-Za-z0-9_.]+", "_", Path(source).stem or Path(source).name) or "given"


def _fresh(name: str, taken: set[str]) -> str:
    """Return the name, with a number where it is taken."""
    if name not in taken:
        return name
    return next(other for i in range(2, 1000) if (other := f"{name}_{i}") not in taken)


def _mark(dataset: Dataset) -> str:
    """Return what the items' ids and content give."""
    digest = hashlib.sha256()
    for row, name in enumerate(dataset.ids):
        digest.update(name.encode("utf-8", "surrogatepass"))
        digest.update(hashlib.sha256(dataset.inputs.content(row)).digest())
    return digest.hexdigest()

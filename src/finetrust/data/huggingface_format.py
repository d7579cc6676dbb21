"""Hugging Face data sets, from the hub or from a local folder, with the extra ``huggingface``."""

import io
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from finetrust.core.errors import UserError
from finetrust.core.nearest import did_you_mean
from finetrust.data.dataset import Dataset
from finetrust.data.image_files import decode
from finetrust.data.source import DataOptions, formats
from finetrust.data.split_names import SPLIT_NAMES

PREFIX = "hf:"


class HuggingFaceFormat:
    """``hf:NAME``, ``hf:NAME:CONFIG`` or ``hf:FOLDER``; code that comes with data is never run."""

    rank = 0
    tasks: tuple[str, ...] = ()

    def names(self) -> list[str]:
        return []

    def accepts(self, name: str) -> bool:
        return name.startswith(PREFIX)

    def open(self, name: str, options: DataOptions) -> Dataset:
        parts, left_out = _splits(name, _load(name))
        first = next(iter(parts.values()))
        image, label = _image_column(name, first), _label_column(name, first, options)
        for column in options.group_columns:
            if column not in first.column_names:
                raise _no_column(name, column, first.column_names)
        labels, classes = _labels(name, parts, label)
        index = {value: i for i, value in enumerate(classes)}
        return Dataset(
            name=name,
            ids=tuple(
                f"{split or 'all'}/{i:06d}"
                for split, part in parts.items()
                for i in range(len(part))
            ),
            inputs=HuggingFaceImages(list(parts.values()), image),
            targets=np.array([index[value] for value in labels], dtype=np.int64),
            classes=classes,
            splits=np.concatenate([np.full(len(part), split) for split, part in parts.items()]),
            groups={
                column: np.array([str(value) for part in parts.values() for value in part[column]])
                for column in options.group_columns
            },
            notes=tuple(f"Split '{split}' was left out" for split in left_out),
        )


formats.add("huggingface", HuggingFaceFormat())


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


def _load(name: str) -> Any:
    """Return the data set or the splits that the name stands for.

    Raises
    ------
    UserError
        If the extra is not installed, or the data set can neither be downloaded nor read.
    """
    try:
        import datasets
    except ImportError as error:
        raise UserError(
            f"{name}: Hugging Face data sets need the package datasets, which is not installed",
            "Install it: pip install 'finetrust[huggingface]'",
        ) from error
    target = name.removeprefix(PREFIX)
    folder = Path(target).expanduser()
    try:
        if any((folder / file).is_file() for file in ("state.json", "dataset_dict.json")):
            return datasets.load_from_disk(str(folder))
        if folder.exists():
            return datasets.load_dataset(str(folder))
        hub_name, _, config = target.partition(":")
        return datasets.load_dataset(hub_name, config or None)
    except Exception as error:
        reason = (str(error).strip().splitlines() or [type(error).__name__])[0]
        if folder.exists():
            raise UserError(
                f"{name}: {folder} cannot be read as a data set ({reason})",
                "Give a folder written by save_to_disk, or with Parquet files or class folders.",
            ) from error
        raise UserError(
            f"{name}: no such folder, and the Hugging Face hub did not give it ({reason})",
            f"Check the name. Without a network: where there is one, run datasets.load_dataset("
            f"'{target}').save_to_disk('FOLDER') in Python, copy FOLDER here and give hf:FOLDER.",
        ) from error


def _splits(name: str, loaded: Any) -> tuple[dict[str, Any], list[str]]:
    """Return the parts by our names of the splits, and the names of those left out."""
    if not isinstance(loaded, dict):
        return {"": loaded}, []
    parts: dict[str, Any] = {}
    for split, part in loaded.items():
        ours = SPLIT_NAMES.get(split.lower())
        if ours and ours not in parts:
            parts[ours] = part
    taken = {id(part) for part in parts.values()}
    left_out = [split for split, part in loaded.items() if id(part) not in taken]
    if not parts and len(loaded) == 1:
        return {"": next(iter(loaded.values()))}, []
    if not parts:
        raise UserError(
            f"{name}: none of the splits {', '.join(loaded)} is called train, val or test",
            "Rename them in Python and save the result with save_to_disk.",
        )
    if list(parts) == ["train"] and not left_out:
        return {"": parts["train"]}, []
    return parts, left_out


def _image_column(name: str, part: Any) -> str:
    import datasets

    images = [c for c, feature in part.features.items() if isinstance(feature, datasets.Image)]
    if not images:
        raise UserError(
            f"{name}: no column holds images; the columns are {', '.join(part.column_names)}",
            "Give a data set with a column of the type datasets.Image.",
        )
    return images[0]


def _label_column(name: str, part: Any, options: DataOptions) -> str:
    import datasets

    if options.label_column in part.column_names:
        return options.label_column
    if options.label_column != DataOptions().label_column:
        raise _no_column(name, options.label_column, part.column_names)
    labels = [c for c, feature in part.features.items() if isinstance(feature, datasets.ClassLabel)]
    if len(labels) != 1:
        found = (
            f"several columns hold labels: {', '.join(labels)}"
            if labels
            else (f"no column holds labels; the columns are {', '.join(part.column_names)}")
        )
        raise UserError(f"{name}: {found}", "Choose one with --label-column.")
    return labels[0]


def _no_column(name: str, column: str, known: Sequence[str]) -> UserError:
    return UserError(
        f"{name}: there is no column '{column}'; the columns are {', '.join(known)}",
        did_you_mean(column, known) or "Name another column.",
    )


def _labels(name: str, parts: dict[str, Any], column: str) -> tuple[list[str], tuple[str, ...]]:
    """Return the label of every item as text, and the classes."""
    import datasets

    feature = next(iter(parts.values())).features[column]
    names = list(feature.names) if isinstance(feature, datasets.ClassLabel) else None
    labels: list[str] = []
    for split, part in parts.items():
        for row, value in enumerate(part[column]):
            if value is None or value == "" or (names is not None and value < 0):
                where = f"split {split}, " if split else ""
                raise UserError(
                    f"{name}, {where}row {row}: no label in column '{column}'",
                    "Leave such rows out, or choose another column with --label-column.",
                )
            labels.append(names[value] if names is not None else str(value))
    return labels, tuple(names) if names is not None else tuple(sorted(set(labels)))

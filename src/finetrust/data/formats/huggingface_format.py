"""Hugging Face data sets, from the hub or from a local folder, with the extra ``huggingface``."""

from pathlib import Path
from typing import Any

import numpy as np

from finetrust.core.errors import UserError
from finetrust.data.dataset import Dataset
from finetrust.data.formats.huggingface_columns import Content, contents, first_of, no_column
from finetrust.data.source import DataOptions, formats, refuse_unheeded
from finetrust.data.split_names import SPLIT_NAMES

PREFIX = "hf:"


class HuggingFaceFormat:
    """``hf:NAME``, ``hf:NAME:CONFIG`` or ``hf:FOLDER``; code that comes with data is never run."""

    rank = 0
    noun = "a data set of Hugging Face"
    heeds = frozenset({"label_column", "group_columns", "text_column", "text_pair_column"})
    tasks: tuple[str, ...] = ()

    def names(self) -> list[str]:
        return []

    def accepts(self, name: str) -> bool:
        return name.startswith(PREFIX)

    def open(self, name: str, options: DataOptions) -> Dataset:
        parts, left_out = _splits(name, _load(name))
        first = first_of(parts)
        content = _content(name, first, options)
        for column in options.group_columns:
            if column not in first.column_names:
                raise no_column(name, column, first.column_names)
        inputs, targets, classes = content.read(name, parts, options)
        return Dataset(
            name=name,
            ids=tuple(
                f"{split or 'all'}/{i:06d}"
                for split, part in parts.items()
                for i in range(len(part))
            ),
            inputs=inputs,
            targets=targets,
            classes=classes,
            splits=np.concatenate([np.full(len(part), split) for split, part in parts.items()]),
            groups={
                column: np.array([str(value) for part in parts.values() for value in part[column]])
                for column in options.group_columns
            },
            notes=tuple(f"Split '{split}' was left out" for split in left_out),
            task=content.task,
            kind=content.kind,
        )


formats.add("huggingface", HuggingFaceFormat())


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


def _content(name: str, part: Any, options: DataOptions) -> Content:
    """Return what the data set holds; what the user's task is for goes first."""
    known = sorted(
        (content for _, content in contents.items()),
        key=lambda content: (content.task != options.task, content.rank),
    )
    for content in known:
        if content.accepts(part.features, options):
            refuse_unheeded(options, content, known)
            return content
    raise UserError(
        f"{name}: no column holds images or texts; the columns are {', '.join(part.column_names)}",
        "Give a data set with a column of the type datasets.Image, or of strings.",
    )

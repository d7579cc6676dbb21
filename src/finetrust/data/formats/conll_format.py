"""Texts with a tag for each word: a CoNLL or BIO file, or a folder with one for each split."""

import re
from pathlib import Path

import numpy as np

from finetrust.core.errors import UserError
from finetrust.data.dataset import Dataset
from finetrust.data.formats.conll_file import TaggedText, looks_tagged, read_tagged
from finetrust.data.source import DataOptions, formats
from finetrust.data.split_names import SPLIT_NAMES
from finetrust.data.texts.tagged_words import tagged
from finetrust.data.texts.text_kind import TEXTS
from finetrust.data.texts.word_inputs import WordInputs

SUFFIXES = (".annotated", ".conll", ".conllu", ".bio", ".iob", ".iob2", ".bioes")
"""Of files that are read whatever they hold; the first goes before where files share a name."""

MAYBE = (".tsv", ".txt")
"""Of files that are read where their first lines are words with tags."""


class ConllFormat:
    """``train.conll``, or a folder with ``wnut17train.conll``, ``emerging.dev.conll``, ..."""

    rank = 0
    noun = "a CoNLL file"
    heeds = frozenset({"label_column"})
    tasks: tuple[str, ...] = ("token-classification",)

    def names(self) -> list[str]:
        return []

    def accepts(self, name: str) -> bool:
        path = Path(name).expanduser()
        if path.is_dir():
            files = _files(path)
            return bool(files) and (len(files) == 1 or any(map(_split_of, files)))
        return path.is_file() and _is_tagged(path)

    def open(self, name: str, options: DataOptions) -> Dataset:
        root = Path(name).expanduser()
        files, notes = _by_split(root) if root.is_dir() else ({root: ""}, [])
        column = options.label_column
        chosen = None if column == DataOptions().label_column else column
        texts: list[TaggedText] = []
        ids: list[str] = []
        splits: list[str] = []
        for file, split in files.items():
            found = read_tagged(file, chosen)
            texts += found
            ids += [f"{file.name}:{text.line}" for text in found]
            splits += [split] * len(found)
        targets, classes = tagged([text.tags for text in texts])
        return Dataset(
            name=name,
            ids=tuple(ids),
            inputs=WordInputs(text.words for text in texts),
            targets=targets,
            classes=classes,
            splits=np.array(splits, dtype="<U5"),
            notes=tuple(notes),
            task="token-classification",
            kind=TEXTS,
        )


formats.add("conll", ConllFormat())


def _is_tagged(path: Path) -> bool:
    suffix = path.suffix.lower()
    return suffix in SUFFIXES or (suffix in MAYBE and looks_tagged(path))


def _files(folder: Path) -> list[Path]:
    return sorted(
        path
        for path in folder.iterdir()
        if not path.name.startswith(".") and path.is_file() and _is_tagged(path)
    )


def _split_of(file: Path) -> str:
    """Return the split that a word of a file's name stands for: ``"wnut17train.conll"``."""
    words = re.findall(r"[a-z]+", file.name.lower())
    return next((SPLIT_NAMES[word] for word in words if word in SPLIT_NAMES), "")


def _by_split(folder: Path) -> tuple[dict[Path, str], list[str]]:
    """Return the files of a folder with their splits, and what was left out.

    Raises
    ------
    UserError
        If several files are there and the name of one says no split.
    """
    files: dict[str, Path] = {}
    notes = []
    for path in sorted(_files(folder), key=lambda path: (path.stem, _order(path))):
        first = files.setdefault(path.stem, path)
        if first is not path:
            notes.append(f"{path.name} was left out: {first.name} has the same name")
    chosen = sorted(files.values())
    splits = {path: _split_of(path) for path in chosen}
    unknown = [path for path, split in splits.items() if not split]
    if unknown and len(chosen) > 1:
        raise UserError(
            f"{unknown[0]}: the name does not say which split the file is",
            "Put train, dev or test into its name, or give a single file.",
        )
    return splits, notes


def _order(path: Path) -> int:
    known = (*SUFFIXES, *MAYBE)
    return known.index(path.suffix.lower())

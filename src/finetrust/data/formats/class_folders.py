"""Files in class folders, with or without train, val and test folders above them."""

import os
from collections import Counter
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from finetrust.core.errors import UserError
from finetrust.data.split_names import SPLIT_NAMES

Parts = tuple[str, ...]


@dataclass(frozen=True)
class ClassFolders:
    """What lies in class folders.

    Parameters
    ----------
    ids : tuple of str (n,)
        Relative paths.
    paths : list of Path (n,)
    targets : int64 array (n,)
    classes : tuple of str
        The folders' names, sorted; one without a file is a class too.
    splits : array of str (n,)
    notes : tuple of str
        What was left out.
    """

    ids: tuple[str, ...]
    paths: list[Path]
    targets: np.ndarray
    classes: tuple[str, ...]
    splits: np.ndarray
    notes: tuple[str, ...]


def read_class_folders(
    name: str, suffixes: Collection[str], noun: str, plural: str, example: str
) -> ClassFolders:
    """Return the files below a folder by class; they may lie deeper inside a class folder.

    Parameters
    ----------
    name : str
        The folder, as the user calls it.
    suffixes : collection of str
        Of the files that are meant, in lower case.
    noun, plural, example : str
        What errors call such a file, several of them, and one for instance: ``"image"``,
        ``"images"``, ``"x.jpg"``.

    Raises
    ------
    UserError
        If there are no such files, or no class folders.
    """
    root = Path(name).expanduser()
    kind = _Kind(suffixes, noun, plural, example)
    listing = _list(root, kind)
    split_of = _split_folders(listing)
    depth = 2 if split_of else 1
    files = [p for p in listing.files if _is_inside(p, depth, split_of)]
    if not files:
        raise _no_labelled_files(name, listing, split_of)
    if not split_of:
        _reject_deeper_classes(name, files)
    empty = [p for p in listing.empty if _is_inside((*p, ""), depth, split_of)]
    labels = [parts[depth - 1] for parts in files]
    classes = sorted({*labels, *(p[depth - 1] for p in empty)})
    index = {label: i for i, label in enumerate(classes)}
    return ClassFolders(
        ids=tuple(_printable("/".join(parts)) for parts in files),
        paths=[root.joinpath(*parts) for parts in files],
        targets=np.array([index[label] for label in labels], dtype=np.int64),
        classes=tuple(map(_printable, classes)),
        splits=np.array([split_of.get(parts[0], "") for parts in files]),
        notes=(*listing.notes, *_outside_notes(listing, depth, split_of)),
    )


def walk(root: Path) -> Iterator[tuple[Parts, list[str], list[str]]]:
    """Yield folders top down; links are followed, but not back to a folder they lie in."""
    for folder, subfolders, files in os.walk(root, followlinks=True):
        here = Path(folder)
        subfolders[:] = [
            name
            for name in subfolders
            if not name.startswith((".", "__MACOSX")) and not _leads_back(here / name)
        ]
        yield here.relative_to(root).parts, subfolders, files


@dataclass(frozen=True)
class _Kind:
    suffixes: Collection[str]
    noun: str
    plural: str
    example: str


@dataclass(frozen=True)
class _Listing:
    """All files of the kind and empty folders below a root, as parts of relative paths, sorted."""

    kind: _Kind
    files: list[Parts]
    empty: list[Parts]
    others: int
    hidden: int

    @property
    def notes(self) -> list[str]:
        told = []
        if self.others:
            one, many = f"file that is no {self.kind.noun}", f"files that are no {self.kind.plural}"
            told.append(_left_out(self.others, one, many))
        if self.hidden:
            told.append(_left_out(self.hidden, "hidden file", "hidden files"))
        return told


def _list(root: Path, kind: _Kind) -> _Listing:
    found: list[Parts] = []
    empty: list[Parts] = []
    others = hidden = 0
    for parts, subfolders, files in walk(root):
        if not subfolders and all(file.startswith(".") for file in files):
            empty.append(parts)
        for file in files:
            if file.startswith("."):
                hidden += 1
            elif os.path.splitext(file)[1].lower() in kind.suffixes:  # noqa: PTH122 (ten times faster)
                found.append((*parts, file))
            else:
                others += 1
    return _Listing(kind, sorted(found), sorted(empty), others, hidden)


def _leads_back(folder: Path) -> bool:
    return folder.is_symlink() and folder.parent.resolve().is_relative_to(folder.resolve())


def _split_folders(listing: _Listing) -> dict[str, str]:
    """Return the top folders that are splits, with the split; empty where they are classes.

    "train" may be a class among others: one such folder beside others is no split.
    """
    tops = {parts[0] for parts in listing.files if len(parts) > 1}
    named = {top: SPLIT_NAMES[top.lower()] for top in tops if top.lower() in SPLIT_NAMES}
    return named if len(named) > 1 or len(named) == len(tops) else {}


def _is_inside(parts: Parts, depth: int, split_of: Mapping[str, str]) -> bool:
    return len(parts) > depth and (not split_of or parts[0] in split_of)


def _no_labelled_files(name: str, listing: _Listing, split_of: Mapping[str, str]) -> UserError:
    kind = listing.kind
    if not listing.files:
        found = f"; {'; '.join(listing.notes)}" if listing.notes else ""
        return UserError(
            f"{name}: the folder holds no {kind.plural}{found}",
            f"Expected {name}/CLASS/{kind.example} or {name}/train/CLASS/{kind.example} "
            f"({', '.join(sorted(kind.suffixes))}).",
        )
    here = f"{name}/{min(split_of)}" if split_of else name
    return UserError(
        f"{here}: {len(listing.files)} {kind.plural}, but no class folders",
        f"Put the {kind.plural} of each class into a folder of its own "
        f"({here}/CLASS/{kind.example}), or give a table with the columns path and label.",
    )


def _reject_deeper_classes(name: str, files: list[Parts]) -> None:
    """Refuse a single folder whose own folders look like the classes."""
    below = {parts[:-1] for parts in files}
    if len({parts[0] for parts in files}) == 1 and len(below) > 1 and min(map(len, below)) > 1:
        top = files[0][0]
        raise UserError(
            f"{name}: only one class folder, '{top}', with {len(below)} folders in it",
            f"If those are the classes, give {name}/{top}.",
        )


def _outside_notes(listing: _Listing, depth: int, split_of: Mapping[str, str]) -> list[str]:
    outside = Counter(
        parts[0] if len(parts) > 1 else ""
        for parts in listing.files
        if not _is_inside(parts, depth, split_of)
    )
    places = {top: f"folder '{_printable(top)}'" if top else "the top folder" for top in outside}
    kind = listing.kind
    return [
        _left_out(n, f"{kind.noun} in {places[top]}", f"{kind.plural} in {places[top]}")
        + (", which is no split" if split_of and top not in split_of else ", not in a class folder")
        for top, n in sorted(outside.items())
    ]


def _left_out(n: int, one: str, many: str) -> str:
    return f"{n} {one} was left out" if n == 1 else f"{n} {many} were left out"


def _printable(text: str) -> str:
    """Return `text` as valid Unicode: file names may hold any bytes."""
    return os.fsencode(text).decode("utf-8", "backslashreplace")

"""A folder of class folders, with or without train, val and test folders above them."""

import os
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from finetrust.core.errors import UserError
from finetrust.data.dataset import Dataset
from finetrust.data.image_files import SUFFIXES, ImageFiles
from finetrust.data.source import DataOptions, formats
from finetrust.data.split_names import SPLIT_NAMES

Parts = tuple[str, ...]


class FolderFormat:
    """``class/x.jpg`` or ``train/class/x.jpg``; images may lie deeper inside a class folder."""

    rank = 2
    tasks: tuple[str, ...] = ()

    def names(self) -> list[str]:
        return []

    def accepts(self, name: str) -> bool:
        return Path(name).expanduser().is_dir()

    def open(self, name: str, options: DataOptions) -> Dataset:
        root = Path(name).expanduser()
        listing = _list(root)
        split_of = _split_folders(listing)
        depth = 2 if split_of else 1
        images = [p for p in listing.images if _is_inside(p, depth, split_of)]
        if not images:
            raise _no_labelled_images(name, listing, split_of)
        if not split_of:
            _reject_deeper_classes(name, images)
        empty = [p for p in listing.empty if _is_inside((*p, ""), depth, split_of)]
        labels = [parts[depth - 1] for parts in images]
        classes = sorted({*labels, *(p[depth - 1] for p in empty)})
        index = {label: i for i, label in enumerate(classes)}
        return Dataset(
            name=name,
            ids=tuple(_printable("/".join(parts)) for parts in images),
            inputs=ImageFiles([root.joinpath(*parts) for parts in images]),
            targets=np.array([index[label] for label in labels], dtype=np.int64),
            classes=tuple(map(_printable, classes)),
            splits=np.array([split_of.get(parts[0], "") for parts in images]),
            notes=(*listing.notes, *_outside_notes(listing, depth, split_of)),
        )


formats.add("folder", FolderFormat())


@dataclass(frozen=True)
class _Listing:
    """All images and empty folders below a root, as parts of their relative paths, sorted."""

    images: list[Parts]
    empty: list[Parts]
    others: int
    hidden: int

    @property
    def notes(self) -> list[str]:
        told = []
        if self.others:
            told.append(_left_out(self.others, "file that is no image", "files that are no images"))
        if self.hidden:
            told.append(_left_out(self.hidden, "hidden file", "hidden files"))
        return told


def _list(root: Path) -> _Listing:
    images: list[Parts] = []
    empty: list[Parts] = []
    others = hidden = 0
    for parts, subfolders, files in _walk(root):
        if not subfolders and all(file.startswith(".") for file in files):
            empty.append(parts)
        for file in files:
            if file.startswith("."):
                hidden += 1
            elif os.path.splitext(file)[1].lower() in SUFFIXES:  # noqa: PTH122 (ten times faster)
                images.append((*parts, file))
            else:
                others += 1
    return _Listing(sorted(images), sorted(empty), others, hidden)


def _walk(root: Path) -> Iterator[tuple[Parts, list[str], list[str]]]:
    """Yield folders top down; links are followed, but not back to a folder they lie in."""
    for folder, subfolders, files in os.walk(root, followlinks=True):
        here = Path(folder)
        subfolders[:] = [
            name
            for name in subfolders
            if not name.startswith((".", "__MACOSX")) and not _leads_back(here / name)
        ]
        yield here.relative_to(root).parts, subfolders, files


def _leads_back(folder: Path) -> bool:
    return folder.is_symlink() and folder.parent.resolve().is_relative_to(folder.resolve())


def _split_folders(listing: _Listing) -> dict[str, str]:
    """Return the top folders that are splits, with the split; empty where they are classes.

    "train" may be a class among others: one such folder beside others is no split.
    """
    tops = {parts[0] for parts in listing.images if len(parts) > 1}
    named = {top: SPLIT_NAMES[top.lower()] for top in tops if top.lower() in SPLIT_NAMES}
    return named if len(named) > 1 or len(named) == len(tops) else {}


def _is_inside(parts: Parts, depth: int, split_of: Mapping[str, str]) -> bool:
    return len(parts) > depth and (not split_of or parts[0] in split_of)


def _no_labelled_images(name: str, listing: _Listing, split_of: Mapping[str, str]) -> UserError:
    if not listing.images:
        found = f"; {'; '.join(listing.notes)}" if listing.notes else ""
        return UserError(
            f"{name}: the folder holds no images{found}",
            f"Expected {name}/CLASS/x.jpg or {name}/train/CLASS/x.jpg "
            f"({', '.join(sorted(SUFFIXES))}).",
        )
    here = f"{name}/{min(split_of)}" if split_of else name
    return UserError(
        f"{here}: {len(listing.images)} images, but no class folders",
        f"Put the images of each class into a folder of its own ({here}/CLASS/x.jpg), or give a "
        "table with the columns path and label.",
    )


def _reject_deeper_classes(name: str, images: list[Parts]) -> None:
    """Refuse a single folder whose own folders look like the classes."""
    below = {parts[:-1] for parts in images}
    if len({parts[0] for parts in images}) == 1 and len(below) > 1 and min(map(len, below)) > 1:
        top = images[0][0]
        raise UserError(
            f"{name}: only one class folder, '{top}', with {len(below)} folders in it",
            f"If those are the classes, give {name}/{top}.",
        )


def _outside_notes(listing: _Listing, depth: int, split_of: Mapping[str, str]) -> list[str]:
    outside = Counter(
        parts[0] if len(parts) > 1 else ""
        for parts in listing.images
        if not _is_inside(parts, depth, split_of)
    )
    places = {top: f"folder '{_printable(top)}'" if top else "the top folder" for top in outside}
    return [
        _left_out(n, f"image in {places[top]}", f"images in {places[top]}")
        + (", which is no split" if split_of and top not in split_of else ", not in a class folder")
        for top, n in sorted(outside.items())
    ]


def _left_out(n: int, one: str, many: str) -> str:
    return f"{n} {one} was left out" if n == 1 else f"{n} {many} were left out"


def _printable(text: str) -> str:
    """Return `text` as valid Unicode: file names may hold any bytes."""
    return os.fsencode(text).decode("utf-8", "backslashreplace")

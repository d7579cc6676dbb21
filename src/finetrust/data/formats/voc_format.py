"""Boxes in the XML of Pascal VOC, one file an image.

``Annotations/x.xml`` and ``JPEGImages/x.jpg`` (or ``images``) with the lists of the splits in
``ImageSets/Main``; the same below ``train``, ``val`` and ``test``; or XML files beside their images.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from finetrust.core.errors import UserError
from finetrust.data.boxes.boxed_images import (
    BoxedImage,
    boxed_dataset,
    files_below,
    images_below,
    relative_name,
    split_of,
    subfolders,
    told_few,
)
from finetrust.data.dataset import Dataset
from finetrust.data.formats.voc_file import read_voc
from finetrust.data.source import DataOptions, formats

ANNOTATION_FOLDERS = ("annotations", "annotation", "xmls", "xml", "labels")
IMAGE_FOLDERS = ("jpegimages", "images", "image", "imgs", "img")
_HEAD = 1 << 12


class VocFormat:
    """A folder with an XML file for each image."""

    rank = 1
    noun = "boxes in Pascal VOC's XML"
    heeds = frozenset[str]()
    tasks: tuple[str, ...] = ("detection",)

    def names(self) -> list[str]:
        return []

    def accepts(self, name: str) -> bool:
        root = Path(name).expanduser()
        return root.is_dir() and bool(_folders(root))

    def open(self, name: str, options: DataOptions) -> Dataset:
        root = Path(name).expanduser()
        items: list[_Item] = []
        notes: list[str] = []
        for pair in _folders(root):
            found, told = _paired(pair, root)
            items += found
            notes += told
        listed = _listed_splits(root)
        if listed:
            items, told = _by_list(items, listed)
            notes += told
        read = {item.annotation: read_voc(item.annotation) for item in items}
        classes = sorted({name for found in read.values() for name in found.names})
        index = {name: position for position, name in enumerate(classes)}
        images = [
            BoxedImage(
                item.image,
                read[item.annotation].boxes(index),
                item.split,
                relative_name(item.annotation, root),
            )
            for item in items
        ]
        return boxed_dataset(name, root, images, classes, notes)


formats.add("voc", VocFormat())


@dataclass(frozen=True)
class _Pair:
    """A folder of images and the folder of their annotations; they may be the same."""

    images: Path
    annotations: Path
    split: str = ""


@dataclass(frozen=True)
class _Item:
    image: Path
    annotation: Path
    split: str


def _folders(root: Path) -> list[_Pair]:
    """Return the folders with images and annotations below `root`, with their splits."""
    above = [
        _Pair(pair.images, pair.annotations, split_of(name))
        for name, folder in subfolders(root).items()
        if split_of(name) and (pair := _pair_in(folder))
    ]
    pair = None if above else _pair_in(root)
    return above or ([pair] if pair else [])


def _pair_in(folder: Path) -> _Pair | None:
    inside = subfolders(folder)
    annotations = [inside[n] for n in ANNOTATION_FOLDERS if n in inside and _is_voc(inside[n])]
    images = [inside[n] for n in IMAGE_FOLDERS if n in inside]
    if annotations:
        return _Pair((images or annotations)[0], annotations[0])
    if _is_voc(folder, deep=False):
        return _Pair(folder, folder)
    return next((_Pair(below, below) for below in images if _is_voc(below)), None)


def _is_voc(folder: Path, deep: bool = True) -> bool:
    """Return whether the first XML file in a folder looks like an annotation."""
    files = files_below(folder) if deep else sorted(folder.iterdir())
    first = next((path for path in files if path.suffix.lower() == ".xml"), None)
    if first is None:
        return False
    try:
        with first.open("rb") as file:
            head = file.read(_HEAD)
    except OSError:
        return False
    # One that is damaged from its first byte on still is the annotation of what it lies beside.
    return b"<annotation" in head or folder.name.lower() == "annotations"


def _paired(pair: _Pair, root: Path) -> tuple[list[_Item], list[str]]:
    """Return the images with their annotations, and what has no partner."""
    notes = []
    annotations = {
        path.relative_to(pair.annotations).with_suffix("").as_posix(): path
        for path in files_below(pair.annotations)
        if path.suffix.lower() == ".xml"
    }
    images: dict[str, Path] = {}
    for path in images_below(pair.images):
        stem = path.relative_to(pair.images).with_suffix("").as_posix()
        first = images.setdefault(stem, path)
        if first is not path:
            names = f"{relative_name(first, root)} and {relative_name(path, root)}"
            notes.append(f"{names} share a name; the first was taken")
    alone = [relative_name(path, root) for stem, path in images.items() if stem not in annotations]
    if alone:
        told = told_few(alone, "image with no annotation", "images with no annotation")
        notes.append(f"left out {told}")
    orphans = [
        relative_name(path, root) for stem, path in annotations.items() if stem not in images
    ]
    if orphans:
        told = told_few(orphans, "annotation with no image", "annotations with no image")
        notes.append(f"left out {told}")
    found = [
        _Item(path, annotations[stem], pair.split)
        for stem, path in images.items()
        if stem in annotations
    ]
    return found, notes


def _listed_splits(root: Path) -> dict[str, str]:
    """Return the split of each name in VOC's lists; what only trainval lists is for training."""
    folder = root / "ImageSets" / "Main"
    split_of_name: dict[str, str] = {}
    for split in ("train", "val", "test"):
        for name in _names(folder / f"{split}.txt"):
            if split_of_name.setdefault(name, split) != split:
                raise UserError(
                    f"{folder}: '{name}' is listed for {split_of_name[name]} and for {split}",
                    "List every image in one split only.",
                )
    for name in _names(folder / "trainval.txt"):
        split_of_name.setdefault(name, "train")
    return split_of_name


def _names(file: Path) -> list[str]:
    try:
        lines = file.read_text(encoding="utf-8-sig").splitlines()
    except FileNotFoundError:
        return []
    except (OSError, UnicodeDecodeError) as error:
        raise UserError(f"{file}: cannot be read ({error})", "Save it as text in UTF-8.") from error
    return [line.strip() for line in lines if line.strip()]


def _by_list(items: Sequence[_Item], listed: Mapping[str, str]) -> tuple[list[_Item], list[str]]:
    """Return the listed items with their splits, and what does not match."""
    chosen = [
        _Item(item.image, item.annotation, listed[item.image.stem])
        for item in items
        if item.image.stem in listed
    ]
    notes = []
    left = [item.image.name for item in items if item.image.stem not in listed]
    if left:
        told = told_few(left, "image in no list of splits", "images in no list of splits")
        notes.append(f"left out {told}")
    stems = {item.image.stem for item in items}
    missing = [name for name in listed if name not in stems]
    if missing:
        told = told_few(
            missing,
            "name in the lists of splits has no image with an annotation",
            "names in the lists of splits have no image with an annotation",
        )
        notes.append(told)
    if not chosen:
        raise UserError("ImageSets/Main lists none of the images", "Mend the lists.")
    return chosen, notes

"""Boxes in YOLO's text files: one for each image, in shares of its width and height.

``images/x.jpg`` and ``labels/x.txt``, with folders of the splits below or above them; a ``data.yaml``
that names the folders; Darknet's labels beside the images, with ``obj.names``.
"""

import os
from collections.abc import Iterator, Mapping, Sequence
from itertools import islice
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
from finetrust.data.formats.yolo_labels import YoloFile, looks_like_labels, read_yolo
from finetrust.data.formats.yolo_names import (
    FILES,
    find_data_yaml,
    find_names,
    names_in_yaml,
    read_data_yaml,
    split_places,
)
from finetrust.data.formats.yolo_names import SUFFIXES as YAML_SUFFIXES
from finetrust.data.images.image_files import SUFFIXES
from finetrust.data.source import DataOptions, formats

IMAGE_FOLDERS = ("images", "image", "imgs", "img", "jpegimages")
LABEL_FOLDER = "labels"
_LOOKED_AT = 20
_SHARE = 1.5
"""Corners beyond this are no shares of a width, however far a box reaches over the border."""


class YoloFormat:
    """A folder of images and labels, or the ``data.yaml`` that describes one."""

    rank = 1
    noun = "boxes in YOLO's text files"
    heeds = frozenset[str]()
    tasks: tuple[str, ...] = ("detection",)

    def names(self) -> list[str]:
        return []

    def accepts(self, name: str) -> bool:
        path = Path(name).expanduser()
        if path.is_dir():
            return find_data_yaml(path) is not None or bool(_places(path))
        if path.suffix.lower() not in YAML_SUFFIXES or not path.is_file():
            return False
        return read_data_yaml(path) is not None

    def open(self, name: str, options: DataOptions) -> Dataset:
        path = Path(name).expanduser()
        root = path if path.is_dir() else path.parent
        described = find_data_yaml(path) if path.is_dir() else path
        notes: list[str] = []
        classes: tuple[str, ...] = ()
        raw = read_data_yaml(described) if described else None
        if described and raw:
            classes = names_in_yaml(described, raw)
            places, notes = split_places(described, raw)
        else:
            places = _places(root)
            named = find_names([root, *_label_folders(root, places)])
            classes = named[1] if named else ()
        split_of_image = _images(places, root)
        labels_of = {image: _labels_of(image) for image in split_of_image}
        read = {image: read_yolo(file) for image, file in labels_of.items() if file}
        notes += _notes(labels_of, root)
        _refuse(name, split_of_image, read, labels_of)
        if not classes:
            most = max((label for file in read.values() for label in file.labels), default=-1)
            classes = tuple(map(str, range(most + 1)))
            notes.append("no list of names was found; the classes are called by their numbers")
        images = [
            BoxedImage(
                image,
                read.get(image, YoloFile()).boxes(len(classes)),
                split,
                relative_name(labels_of[image] or image, root),
            )
            for image, split in split_of_image.items()
        ]
        return boxed_dataset(name, root, images, classes, notes)


formats.add("yolo", YoloFormat())


def _places(root: Path) -> dict[Path, str]:
    """Return the folders of images that have labels, with their splits."""
    tops = subfolders(root)
    above = {
        place: split_of(name)
        for name, folder in tops.items()
        if split_of(name)
        for place in [_place_in(folder)]
        if place
    }
    if above:
        return above
    images = next((tops[name] for name in IMAGE_FOLDERS if name in tops), None)
    if images and _are_labels(root / LABEL_FOLDER):
        below = {f: split_of(name) for name, f in subfolders(images).items() if split_of(name)}
        return below or {images: ""}
    if not find_names([root]):
        return {}
    if _are_labels(root, deep=False) and _has_images(root):
        return {root: ""}
    return {f: "" for f in tops.values() if _are_labels(f, deep=False) and _has_images(f)}


def _place_in(folder: Path) -> Path | None:
    inside = subfolders(folder)
    images = next((inside[name] for name in IMAGE_FOLDERS if name in inside), None)
    if images and _are_labels(folder / LABEL_FOLDER):
        return images
    beside = _are_labels(folder, deep=False) and _has_images(folder)
    return folder if beside and find_names([folder, folder.parent]) else None


def _are_labels(folder: Path, deep: bool = True) -> bool:
    """Return whether most of the first text files in a folder that are not empty are labels."""
    if not folder.is_dir():
        return False
    filled = (path for path in _label_files(folder, deep) if path.stat().st_size)
    some = list(islice(filled, _LOOKED_AT))
    return bool(some) and 2 * sum(map(looks_like_labels, some)) >= len(some)


def _label_files(folder: Path, deep: bool = True) -> Iterator[Path]:
    files = files_below(folder) if deep else iter(sorted(folder.iterdir()))
    return (
        path for path in files if path.suffix.lower() == ".txt" and path.name.lower() not in FILES
    )


def _has_images(folder: Path) -> bool:
    return any(path.suffix.lower() in SUFFIXES for path in folder.iterdir())


def _label_folders(root: Path, places: Mapping[Path, str]) -> list[Path]:
    folders = [root / LABEL_FOLDER, *(place.parent / LABEL_FOLDER for place in places), *places]
    return [folder for folder in dict.fromkeys(folders) if folder.is_dir()]


def _images(places: Mapping[Path, str], root: Path) -> dict[Path, str]:
    """Return the images in the places with their splits; lists of images are read."""
    found: dict[Path, str] = {}
    for place, split in places.items():
        images = images_below(place) if place.is_dir() else _listed(place, root)
        for image in images:
            if found.setdefault(image, split) != split:
                raise UserError(
                    f"{place}: {relative_name(image, root)} is listed for {found[image]} and for "
                    f"{split}",
                    "List every image in one split only.",
                )
    return found


def _listed(file: Path, root: Path) -> list[Path]:
    """Return the images that a text file lists, one a line, relative to it or to `root`."""
    try:
        lines = file.read_text(encoding="utf-8-sig").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise UserError(f"{file}: cannot be read ({error})", "List one image a line.") from error
    found = []
    for line in (line.strip() for line in lines):
        if line:
            tried = [Path(os.path.normpath(base / line)) for base in (file.parent, root)]
            found.append(next((path for path in tried if path.exists()), tried[0]))
    return found


def _labels_of(image: Path) -> Path | None:
    """Return the file of labels of an image: below ``labels`` instead of ``images``, or beside it."""
    parts = list(image.parts)
    at = next((i for i in reversed(range(len(parts) - 1)) if parts[i].lower() in IMAGE_FOLDERS), -1)
    beside = image.with_suffix(".txt")
    if at >= 0:
        parts[at] = LABEL_FOLDER
        apart = Path(*parts).with_suffix(".txt")
        if apart.exists():
            return apart
    return beside if beside.exists() else None


def _notes(labels_of: Mapping[Path, Path | None], root: Path) -> list[str]:
    notes = []
    without = [relative_name(image, root) for image, file in labels_of.items() if file is None]
    if without:
        one = "image without a file of labels counts as showing nothing"
        many = "images without a file of labels count as showing nothing"
        notes.append(told_few(without, one, many))
    used = {file for file in labels_of.values() if file}
    there = (file for folder in dict.fromkeys(f.parent for f in used) for file in folder.iterdir())
    orphans = sorted(
        relative_name(file, root)
        for file in there
        if file.suffix.lower() == ".txt" and file.name.lower() not in FILES and file not in used
    )
    if orphans:
        told = told_few(orphans, "file of labels with no image", "files of labels with no image")
        notes.append(f"left out {told}")
    return notes


def _refuse(
    name: str,
    images: Mapping[Path, str],
    read: Mapping[Path, YoloFile],
    labels_of: Mapping[Path, Path | None],
) -> None:
    """Refuse data without labels, and labels in pixels."""
    if images and not read:
        first = next(iter(images))
        raise UserError(
            f"{name}: none of the {len(images)} images has a file of labels, {first} for instance",
            "Give labels/x.txt for images/x.jpg.",
        )
    corners: Sequence[float] = [max(box) for file in read.values() for box in file.corners]
    beyond = sum(corner > _SHARE for corner in corners)
    if beyond > len(corners) / 2:
        image, line = next(
            (image, line)
            for image, file in read.items()
            for box, line in zip(file.corners, file.lines, strict=True)
            if max(box) > _SHARE
        )
        raise UserError(
            f"{labels_of[image]}, line {line}: the box is in pixels, as are {beyond} of "
            f"{len(corners)} in all; expected shares of width and height",
            "Divide x and w by the width of the image, y and h by its height.",
        )

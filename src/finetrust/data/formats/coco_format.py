"""Boxes in COCO's JSON: one file, or a folder with one for each split.

``instances.json``; ``annotations/instances_train2017.json`` beside ``train2017/``; Roboflow's
``train/_annotations.coco.json``; the images lie beside the file, in ``images/``, ``data/``, in the
folder of the split, or in that of the split below ``images/``.
"""

import os
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from finetrust.core.errors import UserError
from finetrust.data.boxes.boxed_images import (
    BoxedImage,
    boxed_dataset,
    images_in,
    relative_name,
    split_of,
    subfolders,
    told_few,
)
from finetrust.data.dataset import Dataset
from finetrust.data.formats.coco_file import CocoFile, looks_like_coco, read_coco
from finetrust.data.source import DataOptions, formats

ANNOTATION_FOLDERS = ("annotations", "annotation", "labels")
IMAGE_FOLDERS = ("images", "image", "imgs", "img", "jpegimages", "data")
_OTHER_KINDS = ("captions", "panoptic", "stuff", "person_keypoints", "image_info")
"""How COCO's files begin that are not about boxes."""


class CocoFormat:
    """JSON of COCO, named by itself or by the folder it lies in."""

    rank = 1
    noun = "boxes in COCO's JSON"
    heeds = frozenset[str]()
    tasks: tuple[str, ...] = ("detection",)

    def names(self) -> list[str]:
        return []

    def accepts(self, name: str) -> bool:
        path = Path(name).expanduser()
        if path.is_dir():
            return any(looks_like_coco(file) for file in _files(path))
        return path.suffix.lower() == ".json" and path.is_file() and looks_like_coco(path)

    def open(self, name: str, options: DataOptions) -> Dataset:
        path = Path(name).expanduser()
        if path.is_dir():
            root = path
            files, notes = _by_split(path)
        else:
            within = path.parent.name.lower() in ANNOTATION_FOLDERS
            root = path.parent.parent if within else path.parent
            files, notes = {path: ""}, []
        read = {file: read_coco(file) for file in files}
        classes = list(dict.fromkeys(name for found in read.values() for name in found.names))
        images: list[BoxedImage] = []
        for file, split in files.items():
            placed, told = _placed(file, read[file], root, split, classes)
            images += placed
            notes += [*read[file].notes, *told]
        return boxed_dataset(name, root, images, classes, notes)


formats.add("coco", CocoFormat())


def _files(root: Path) -> Iterator[Path]:
    """Yield the JSON files where those of COCO lie."""
    yield from _json_in(root)
    for name, folder in subfolders(root).items():
        if name in ANNOTATION_FOLDERS or split_of(name):
            yield from _json_in(folder)


def _json_in(folder: Path) -> list[Path]:
    return sorted(
        path
        for path in folder.glob("*.json")
        if path.is_file() and not path.name.startswith(".")
    )  # fmt: skip


def _by_split(root: Path) -> tuple[dict[Path, str], list[str]]:
    """Return the files of a folder with their splits, and which were left out.

    Raises
    ------
    UserError
        If several are there and it is not clear which of them is of which split.
    """
    found = [file for file in _files(root) if looks_like_coco(file)]
    about_boxes = [file for file in found if not file.name.lower().startswith(_OTHER_KINDS)]
    chosen = about_boxes or found
    splits = {file: _split_named(file, root) for file in chosen}
    for file, split in splits.items():
        if len(chosen) > 1 and not split:
            raise UserError(
                f"{file}: the name does not say which split the file is, and there are "
                f"{len(chosen)} files",
                "Put train, val or test into its name, or give a single file.",
            )
        other = next((f for f, s in splits.items() if s == split and f != file), None)
        if other is not None:
            raise UserError(
                f"{file} and {other} are both of the split {split}",
                "Leave one of them in the folder, or give a single file.",
            )
    if len(chosen) == 1:
        splits = {chosen[0]: splits[chosen[0]] if splits[chosen[0]] == "train" else ""}
    left = [relative_name(file, root) for file in found if file not in splits]
    told = told_few(left, "file of other annotations", "files of other annotations")
    return splits, [f"left out {told}"] if left else []


def _split_named(file: Path, root: Path) -> str:
    words = re.findall(r"[a-z]+", file.stem.lower())
    named = next((split for word in words if (split := split_of(word))), "")
    return named or ("" if file.parent == root else split_of(file.parent.name))


def _placed(
    file: Path, found: CocoFile, root: Path, split: str, classes: Sequence[str]
) -> tuple[list[BoxedImage], list[str]]:
    """Return the images of a file with where they lie, and what else lies there."""
    positions = [classes.index(name) for name in found.names]
    folders = list(_image_folders(file, root))
    placed = []
    for name, boxes in found.images.items():
        path, reason = _find(name, folders, root)
        known = replace(boxes.relabelled(positions), unusable=reason)
        listed = f"{file.name}, image {found.places[name]}"
        placed.append(BoxedImage(path, known, split, listed))
    return placed, _unlisted(file, placed, root)


def _image_folders(file: Path, root: Path) -> Iterator[Path]:
    """Yield where the images of a file may lie, the likeliest first."""
    near = file.parent
    tops = subfolders(root)
    images = [tops[name] for name in IMAGE_FOLDERS if name in tops]
    tokens = {token.lower() for token in re.findall(r"[A-Za-z]+\d*", file.stem)}
    tokens |= {token for token in tokens for token in [token.rstrip("0123456789")]}
    if near in (root, *(tops[n] for n in ANNOTATION_FOLDERS if n in tops)):
        for folder in (root, *images):
            yield from (path for name, path in subfolders(folder).items() if name in tokens)
    else:
        yield near
        yield from (path for name, path in subfolders(near).items() if name in IMAGE_FOLDERS)
    yield from images
    yield root
    if near != root:
        yield near


def _find(name: str, folders: list[Path], root: Path) -> tuple[Path, str]:
    """Return where an image lies, and why it cannot be used; the folder that had it moves to front."""
    for text in dict.fromkeys([name, name.replace("\\", "/")]):
        for position, folder in enumerate(folders):
            path = Path(os.path.normpath(folder / text))
            if path.exists():
                folders.insert(0, folders.pop(position))
                outside = os.path.relpath(path, root).startswith("..")
                return path, f"its file_name {name} leads out of the folder" if outside else ""
    return Path(os.path.normpath(folders[0] / name)), ""


def _unlisted(file: Path, placed: Sequence[BoxedImage], root: Path) -> list[str]:
    listed = {image.path for image in placed}
    used: Mapping[Path, None] = dict.fromkeys(path.parent for path in listed if path.exists())
    there = [path for folder in used for path in images_in(folder)]
    missing = [relative_name(path, root) for path in there if path not in listed]
    if not missing:
        return []
    told = told_few(missing, "image that it does not list", "images that it does not list")
    return [f"{file.name}: left out {told}"]

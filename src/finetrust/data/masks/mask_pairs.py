"""Folders of images and of masks: where they lie, and which mask is of which image."""

import os
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from finetrust.core.errors import UserError
from finetrust.data.images.image_files import SUFFIXES
from finetrust.data.split_names import SPLIT_NAMES

IMAGE_FOLDERS = ("images", "image", "imgs", "img", "jpegimages")
MASK_FOLDERS = (
    "masks",
    "mask",
    "segmentationclass",
    "labels",
    "label",
    "annotations",
    "annotation",
    "segmentation",
)
MASK_SUFFIXES = frozenset({".png", ".bmp", ".gif", ".tif", ".tiff", ".pgm", ".ppm", ".webp"})
_ENDINGS = ("", "_mask", "_masks", "_label", "_labels", "_seg", "_gt", "_L")
_LOSSY = frozenset({".jpg", ".jpeg"})
_SHOWN = 5


@dataclass(frozen=True)
class Pair:
    """A folder of images and the folder of their masks."""

    images: Path
    masks: Path
    split: str = ""


@dataclass(frozen=True)
class Item:
    """An image with its mask."""

    image: Path
    mask: Path
    split: str


def pair_folders(root: Path) -> list[Pair]:
    """Return the folders with images and masks below `root`, with their splits."""
    above = [
        Pair(pair.images, pair.masks, SPLIT_NAMES[folder.name.lower()])
        for folder in _subfolders(root)
        if folder.name.lower() in SPLIT_NAMES and (pair := _pair_in(folder))
    ]
    if above:
        return above
    pair = _pair_in(root)
    if pair is None:
        return []
    masks = {folder.name.lower(): folder for folder in _subfolders(pair.masks)}
    below = [
        Pair(folder, masks[folder.name.lower()], SPLIT_NAMES[folder.name.lower()])
        for folder in _subfolders(pair.images)
        if folder.name.lower() in SPLIT_NAMES and folder.name.lower() in masks
    ]
    return below or [pair]


def _pair_in(folder: Path) -> Pair | None:
    inside = {path.name.lower(): path for path in _subfolders(folder)}
    images = next((inside[name] for name in IMAGE_FOLDERS if name in inside), None)
    if images is None:
        return None
    masks = (inside[name] for name in MASK_FOLDERS if name in inside)
    return next((Pair(images, found) for found in masks if _has_masks(found)), None)


def _subfolders(folder: Path) -> list[Path]:
    with os.scandir(folder) as entries:
        return sorted(Path(e.path) for e in entries if e.is_dir() and not e.name.startswith("."))


def _has_masks(folder: Path) -> bool:
    return any(path.suffix.lower() in MASK_SUFFIXES | _LOSSY for path in _files(folder))


def looks_paired(pair: Pair) -> bool:
    """Return whether any mask has the name of an image."""
    images = {_stem(path, pair.images) for path in _files(pair.images)}
    return any(
        stem.removesuffix(ending) in images
        for path in _files(pair.masks)
        for stem in [_stem(path, pair.masks)]
        for ending in _ENDINGS
    )


def _files(folder: Path) -> Iterable[Path]:
    for parent, subfolders, files in os.walk(folder):
        subfolders[:] = sorted(name for name in subfolders if not name.startswith("."))
        here = Path(parent)
        yield from (here / name for name in sorted(files) if not name.startswith("."))


def _stem(path: Path, folder: Path) -> str:
    return path.relative_to(folder).with_suffix("").as_posix()


def paired(pair: Pair, root: Path) -> tuple[list[Item], list[str]]:
    """Return the images with their masks, and what has no partner."""
    notes: list[str] = []
    images = _by_stem(pair.images, SUFFIXES, notes, root)
    masks = _by_stem(pair.masks, MASK_SUFFIXES, notes, root)
    ending = max(_ENDINGS, key=lambda end: sum(f"{stem}{end}" in masks for stem in images))
    items = [
        Item(image, masks[f"{stem}{ending}"], pair.split)
        for stem, image in images.items()
        if f"{stem}{ending}" in masks
    ]
    paired = {item.mask for item in items}
    alone = [image for stem, image in images.items() if f"{stem}{ending}" not in masks]
    lossy = [path for path in _files(pair.masks) if path.suffix.lower() in _LOSSY]
    if not items and lossy:
        raise UserError(
            f"{relative(lossy[0], root)}: a mask in JPEG, which changes the values of the pixels",
            "Save the masks as PNG.",
        )
    if alone:
        notes.append(_told(alone, root, "image", "images", "no mask"))
    orphans = [mask for mask in masks.values() if mask not in paired]
    if orphans:
        notes.append(_told(orphans, root, "mask", "masks", "no image"))
    return items, notes


def _by_stem(
    folder: Path, suffixes: frozenset[str], notes: list[str], root: Path
) -> dict[str, Path]:
    found: dict[str, list[Path]] = defaultdict(list)
    for path in _files(folder):
        if path.suffix.lower() in suffixes:
            found[_stem(path, folder)].append(path)
    for paths in found.values():
        if len(paths) > 1:
            names = ", ".join(relative(path, root) for path in paths)
            notes.append(f"{names} share a name; the first was taken")
    return {stem: paths[0] for stem, paths in found.items()}


def _told(paths: Sequence[Path], root: Path, one: str, many: str, lacks: str) -> str:
    names = ", ".join(relative(path, root) for path in paths[:_SHOWN])
    more = ", ..." if len(paths) > _SHOWN else ""
    if len(paths) == 1:
        return f"1 {one} with {lacks} was left out: {names}"
    return f"{len(paths)} {many} with {lacks} were left out: {names}{more}"


def listed_splits(root: Path) -> dict[str, str]:
    """Return the split of each name in VOC's lists."""
    folder = root / "ImageSets" / "Segmentation"
    split_of: dict[str, str] = {}
    for file in sorted(folder.glob("*.txt")) if folder.is_dir() else ():
        split = SPLIT_NAMES.get(file.stem.lower())
        if split is None:
            continue
        for name in file.read_text(encoding="utf-8").split():
            if split_of.setdefault(name, split) != split:
                raise UserError(
                    f"{folder}: '{name}' is listed for {split_of[name]} and for {split}",
                    "List every image in one split only.",
                )
    return split_of


def by_list(items: list[Item], split_of: dict[str, str]) -> tuple[list[Item], list[str]]:
    """Return the items that lists name, with their splits, and what should be known of the rest."""
    listed = [i for i in items if i.image.stem in split_of]
    stems = {item.image.stem for item in items}
    missing = [name for name in split_of if name not in stems]
    notes = []
    if len(listed) < len(items):
        notes.append(f"{len(items) - len(listed)} images in no list of splits were left out")
    if missing:
        shown = ", ".join(missing[:_SHOWN])
        notes.append(f"{len(missing)} listed names have no image with a mask: {shown}")
    if not listed:
        raise UserError("ImageSets/Segmentation lists none of the images", "Mend the lists.")
    return [Item(i.image, i.mask, split_of[i.image.stem]) for i in listed], notes


def relative(path: Path, root: Path) -> str:
    """Return a path inside `root` as text; file names may hold any bytes."""
    text = path.relative_to(root).as_posix()
    return os.fsencode(text).decode("utf-8", "backslashreplace")

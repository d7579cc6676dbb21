"""Images with masks in folders, with or without train, val and test folders above or below them.

``images/x.jpg`` and ``masks/x.png``; ``train/images``, ``train/masks``, ...; ``images/train``,
``masks/train``, ...; Pascal VOC's ``JPEGImages`` and ``SegmentationClass`` with the lists in
``ImageSets/Segmentation``.
"""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
from PIL import Image

from finetrust.core.cpus import usable_cpus
from finetrust.core.errors import UserError
from finetrust.data.dataset import Dataset
from finetrust.data.images.image_files import ImageFiles
from finetrust.data.masks.mask_classes import ListedClass, find_classes
from finetrust.data.masks.mask_pairs import (
    Item,
    by_list,
    listed_splits,
    looks_paired,
    pair_folders,
    paired,
    relative,
)
from finetrust.data.masks.masks import (
    IGNORE,
    MOST_CLASSES,
    VOC_BORDER,
    MaskEncoding,
    MaskFile,
    code_of,
    colour_codes,
    colour_of,
    read_pixels,
)
from finetrust.data.source import DataOptions, formats

_SHOWN = 5


class MaskFolderFormat:
    """Images and masks in two folders, paired by their names without the suffix."""

    rank = 1
    noun = "a folder of images and masks"
    heeds = frozenset({"ignore_index"})
    tasks: tuple[str, ...] = ("segmentation",)

    def names(self) -> list[str]:
        return []

    def accepts(self, name: str) -> bool:
        root = Path(name).expanduser()
        return root.is_dir() and any(looks_paired(pair) for pair in pair_folders(root))

    def open(self, name: str, options: DataOptions) -> Dataset:
        root = Path(name).expanduser()
        items: list[Item] = []
        notes: list[str] = []
        for pair in pair_folders(root):
            found, told = paired(pair, root)
            items += found
            notes += told
        if not items:
            raise UserError(
                f"{name}: no image has a mask ({'; '.join(notes)})",
                "Give each mask the name of its image: images/x.jpg and masks/x.png.",
            )
        listed = listed_splits(root)
        if listed:
            items, told = by_list(items, listed)
            notes += told
        encoding, classes, told = _encoding(name, root, [i.mask for i in items], options)
        targets = np.empty(len(items), object)
        targets[:] = [MaskFile(item.mask, encoding) for item in items]
        return Dataset(
            name=name,
            ids=tuple(relative(item.image, root) for item in items),
            inputs=ImageFiles([item.image for item in items]),
            targets=targets,
            classes=classes,
            splits=np.array([item.split for item in items], dtype="<U5"),
            notes=(*notes, *told),
            task="segmentation",
        )


formats.add("mask-folder", MaskFolderFormat())


def _encoding(
    name: str, root: Path, masks: Sequence[Path], options: DataOptions
) -> tuple[MaskEncoding, tuple[str, ...], list[str]]:
    """Return how the masks are read, the names of the classes, and what should be known of it."""
    found = find_classes(root)
    if found is None:
        return _from_values(name, masks, options.ignore_index)
    file, listed = found
    ignored = {IGNORE} if options.ignore_index is None else {IGNORE, options.ignore_index}
    kept = [entry for entry in listed if entry.value not in ignored]
    if len(kept) > MOST_CLASSES:
        raise UserError(f"{file}: {len(kept)} classes, {MOST_CLASSES} at most", "Join some.")
    names = tuple(entry.name for entry in kept)
    notes = [f"the classes are those of {file.name}"]
    if _have_colours(masks[0], listed):
        colours = {code_of(e.colour) for e in listed if e.value in ignored and e.colour}
        if not any(entry.colour == VOC_BORDER for entry in kept):
            colours.add(code_of(VOC_BORDER))
        codes = tuple(code_of(entry.colour) for entry in kept if entry.colour is not None)
        return MaskEncoding(codes, frozenset(colours), colours=True), names, notes
    return MaskEncoding(tuple(e.value for e in kept), frozenset(ignored)), names, notes


def _have_colours(mask: Path, listed: Sequence[ListedClass]) -> bool:
    """Return whether the pixels of the masks are told apart by the listed colours.

    A palette PNG is read by its indices, unless all the colours it shows are listed.
    """
    if listed[0].colour is None:
        return False
    try:
        with Image.open(mask) as image:
            if image.mode in ("L", "1", "I", "I;16", "LA"):
                return False
            if image.mode not in ("P", "PA"):
                return True
            shown = np.unique(colour_codes(image))
    except OSError:
        return False
    known = {code_of(entry.colour) for entry in listed if entry.colour}
    return {int(code) for code in shown} <= known | {code_of(VOC_BORDER)}


def _from_values(
    name: str, masks: Sequence[Path], ignore_index: int | None
) -> tuple[MaskEncoding, tuple[str, ...], list[str]]:
    """Return the values that the masks hold as the classes, named by their numbers."""
    with ThreadPoolExecutor(usable_cpus()) as pool:
        found = list(pool.map(_values, masks))
    readable = [values for values in found if values is not None]
    if not readable:
        _refuse_colours(name, masks)
    ignored = {IGNORE} if ignore_index is None else {IGNORE, ignore_index}
    seen = set().union(*readable)
    values = sorted(seen - ignored)
    if values == [0] and IGNORE in seen:
        raise UserError(
            f"{name}: the masks hold 0 and 255 only, and 255 stands for pixels to ignore",
            "If 255 is a class, say so in a file classes.txt beside the folders, with the lines "
            '"background 0 0 0" and "NAME 255 255 255", and save the masks in RGB.',
        )
    if not values:
        raise UserError(f"{name}: the masks hold no class", "Give masks of class indices.")
    if len(values) > MOST_CLASSES:
        raise UserError(
            f"{name}: the masks hold {len(values)} different values, {MOST_CLASSES} at most",
            "Give masks of class indices, or list the classes in classes.txt.",
        )
    told = f"no classes.txt was found; the classes are the {len(values)} values in the masks"
    codes = tuple(values)
    return MaskEncoding(codes, frozenset(ignored)), tuple(map(str, values)), [told]


def _values(mask: Path) -> set[int] | None:
    """Return the values in a mask of class indices; None if it cannot be read as one."""
    try:
        return set(np.unique(read_pixels(mask, colours=False)).tolist())
    except OSError:
        return None


def _refuse_colours(name: str, masks: Sequence[Path]) -> None:
    try:
        codes = np.unique(read_pixels(masks[0], colours=True))
    except OSError as error:
        raise UserError(
            f"{name}: none of the masks can be read, {masks[0].name} for instance ({error})",
            "Give masks in PNG.",
        ) from error
    shown = ", ".join(str(colour_of(int(code))) for code in codes[:_SHOWN])
    raise UserError(
        f"{name}: the masks are in colours, and no file says which colour is which class; "
        f"{masks[0].name} holds {shown}{', ...' if len(codes) > _SHOWN else ''}",
        'Write a file classes.txt beside the folders, with one line "name r g b" for each class.',
    )

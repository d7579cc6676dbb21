"""Images with boxes as every format of detection data lists them, and the data set they make."""

import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from finetrust.core.errors import UserError
from finetrust.data.boxes.boxes import Boxes
from finetrust.data.dataset import Dataset
from finetrust.data.images.image_files import SUFFIXES
from finetrust.data.images.listed_images import ListedImages
from finetrust.data.split_names import SPLIT_NAMES

_SHOWN = 3


@dataclass(frozen=True)
class BoxedImage:
    """One image and its annotation.

    Parameters
    ----------
    path : Path
        Where the image should lie.
    boxes : Boxes
    split : str
    listed : str
        Where it is listed: file and place.
    """

    path: Path
    boxes: Boxes
    split: str
    listed: str


def boxed_dataset(
    name: str,
    root: Path,
    images: Sequence[BoxedImage],
    classes: Sequence[str],
    notes: Sequence[str],
) -> Dataset:
    """Return the data set of images with boxes; ids are the paths below `root`.

    Raises
    ------
    UserError
        If there is no image, no class, none of the files exists, or a file is listed twice.
    """
    if not images:
        told = f" ({'; '.join(notes)})" if notes else ""
        raise UserError(f"{name}: no image has an annotation{told}", "Give other data.")
    if not classes:
        raise UserError(f"{name}: no class of objects is named", "Annotate some objects.")
    if not any(image.path.exists() for image in images):
        raise UserError(
            f"{name}: none of the {len(images)} images exists, {images[0].listed} for instance "
            f"names {images[0].path}",
            "Put the images beside their annotations, as they are named there.",
        )
    ids = [relative_name(image.path, root) for image in images]
    seen: dict[str, str] = {}
    for id_, image in zip(ids, images, strict=True):
        if id_ in seen:
            raise UserError(
                f"{name}: the image {id_} is listed twice, {seen[id_]} and {image.listed}",
                "Join the two, and list every image in one split only.",
            )
        seen[id_] = image.listed
    targets = np.empty(len(images), object)
    targets[:] = [image.boxes for image in images]
    return Dataset(
        name=name,
        ids=tuple(ids),
        inputs=ListedImages([image.path for image in images], [image.listed for image in images]),
        targets=targets,
        classes=tuple(classes),
        splits=np.array([image.split for image in images], dtype="<U5"),
        notes=tuple(notes),
        task="detection",
    )


def images_below(folder: Path) -> list[Path]:
    """Return the image files in `folder` and below, sorted; hidden ones aside."""
    return [path for path in files_below(folder) if path.suffix.lower() in SUFFIXES]


def images_in(folder: Path) -> list[Path]:
    """Return the image files directly in `folder`, sorted; hidden ones aside."""
    with os.scandir(folder) as entries:
        found = sorted(Path(entry.path) for entry in entries if not entry.name.startswith("."))
    return [path for path in found if path.suffix.lower() in SUFFIXES]


def files_below(folder: Path) -> Iterator[Path]:
    """Yield the files in `folder` and below, sorted; hidden ones aside, links not followed."""
    for parent, subfolders, files in os.walk(folder):
        subfolders[:] = sorted(name for name in subfolders if not name.startswith("."))
        here = Path(parent)
        yield from (here / name for name in sorted(files) if not name.startswith("."))


def subfolders(folder: Path) -> dict[str, Path]:
    """Return the folders in `folder` by their names in lower case; hidden ones aside."""
    with os.scandir(folder) as entries:
        found = sorted(e.path for e in entries if e.is_dir() and not e.name.startswith("."))
    return {Path(path).name.lower(): Path(path) for path in found}


def split_of(name: str) -> str:
    """Return the split that the name of a folder stands for: ``"train2017"``; ``""`` for none."""
    return SPLIT_NAMES.get(name.lower().rstrip("0123456789"), "")


def relative_name(path: Path, root: Path) -> str:
    """Return `path` below `root` as valid Unicode: file names may hold any bytes."""
    text = os.path.relpath(path, root).replace(os.sep, "/")
    return os.fsencode(text).decode("utf-8", "backslashreplace")


def told_few(found: Sequence[str], one: str, many: str) -> str:
    """Return how many there are of something, with the first few by name."""
    names = ", ".join(found[:_SHOWN]) + (", ..." if len(found) > _SHOWN else "")
    return f"1 {one}: {names}" if len(found) == 1 else f"{len(found)} {many}: {names}"

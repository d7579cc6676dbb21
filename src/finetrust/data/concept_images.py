"""Example images of concepts: a folder with a folder of images for each concept."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from finetrust.core.errors import UserError
from finetrust.data.dataset import Dataset
from finetrust.data.images.image_files import SUFFIXES, ImageFiles

LEAST_IMAGES = 5
MOST_IMAGES = 50
"""Of a concept no more images are used; of more than that, some that are spread evenly by name."""


@dataclass(frozen=True)
class Concept:
    """Example images of one concept.

    Parameters
    ----------
    name : str
        Of its folder.
    images : Dataset
        At least 5, with one class and target, the concept itself.
    """

    name: str
    images: Dataset

    @property
    def mark(self) -> str:
        """SHA-256 of its name and the content of its images."""
        digest = hashlib.sha256(self.name.encode("utf-8", "surrogatepass"))
        for row in range(len(self.images)):
            digest.update(hashlib.sha256(self.images.inputs.content(row)).digest())
        return digest.hexdigest()


def open_concepts(folder: str) -> tuple[Concept, ...]:
    """Return the concepts in a folder, by name.

    Hidden folders and files that are no images are left alone; images may lie in folders further below.

    Parameters
    ----------
    folder : str

    Raises
    ------
    UserError
        If there is no such folder, no folder in it, or fewer than 5 images in one of these.
    """
    root = Path(folder)
    if not root.is_dir():
        raise UserError(
            f"option 'concepts': {folder} is no folder",
            "Name a folder with a folder of example images for each concept.",
        )
    homes = sorted(home for home in root.iterdir() if home.is_dir() and home.name[0] != ".")
    if not homes:
        raise UserError(
            f"option 'concepts': {folder} holds no folders",
            f"Make one for each concept, such as {root / 'stripes'}, with {LEAST_IMAGES} or more images.",
        )
    return tuple(Concept(home.name, _images(home)) for home in homes)


def read_concepts(folder: str) -> tuple[Concept, ...]:
    """Return the concepts in a folder after every image that is used has been decoded once.

    Raises
    ------
    UserError
        As :func:`open_concepts`, and if an image cannot be read.
    """
    found = open_concepts(folder)
    for concept in found:
        for row in range(len(concept.images)):
            try:
                concept.images.inputs[row]
            except OSError as error:
                raise UserError(
                    f"option 'concepts': {concept.images.inputs.location(row)} cannot be read ({error})",
                    "Mend the image, or remove it.",
                ) from error
    return found


def _images(home: Path) -> Dataset:
    paths = sorted(path for path in home.rglob("*") if _is_image(path))
    if len(paths) < LEAST_IMAGES:
        raise UserError(
            f"option 'concepts': {home} holds {len(paths)} images, and {LEAST_IMAGES} are needed",
            "Add example images of the concept (30 or more tell much more), or remove the folder.",
        )
    chosen = _spread(paths, MOST_IMAGES)
    n = len(chosen)
    return Dataset(
        name=str(home),
        ids=tuple(path.relative_to(home.parent).as_posix() for path in chosen),
        inputs=ImageFiles(chosen),
        targets=np.zeros(n, np.int64),
        classes=(home.name,),
        splits=np.full(n, ""),
    )


def _is_image(path: Path) -> bool:
    hidden = path.name.startswith(".")
    return path.suffix.lower() in SUFFIXES and not hidden and path.is_file()


def _spread(paths: Sequence[Path], most: int) -> list[Path]:
    if len(paths) <= most:
        return list(paths)
    return [paths[i * len(paths) // most] for i in range(most)]

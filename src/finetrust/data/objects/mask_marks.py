"""Objects as masks in image files, named like the images."""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image

from finetrust.core.errors import UserError
from finetrust.data.boxes.boxed_images import files_below, relative_name
from finetrust.data.input_kind import Size
from finetrust.data.masks.mask_pairs import MASK_SUFFIXES

_LOSSY = frozenset({".jpg", ".jpeg"})


@dataclass(frozen=True)
class MaskMarks:
    """Masks by their paths in a folder, without suffix.

    Parameters
    ----------
    files : mapping of str to Path
    """

    files: Mapping[str, Path]

    @classmethod
    def of_folder(cls, folder: Path) -> "MaskMarks":
        """Return the masks in a folder and below.

        Raises
        ------
        UserError
            If there is none, or two have the same name.
        """
        files: dict[str, Path] = {}
        lossy: list[Path] = []
        for path in files_below(folder):
            suffix = path.suffix.lower()
            if suffix in _LOSSY:
                lossy.append(path)
            if suffix not in MASK_SUFFIXES:
                continue
            name = os.path.splitext(relative_name(path, folder))[0]  # noqa: PTH122 (no path any more)
            if name in files:
                raise UserError(
                    f"object masks: {files[name]} and {path.name} are of the same image",
                    "Leave one of them.",
                )
            files[name] = path
        if files:
            return cls(files)
        if lossy:
            raise UserError(
                f"object masks: {lossy[0]} is JPEG, which changes the values of the pixels",
                "Save the masks as PNG.",
            )
        raise UserError(
            f"object masks: there is no mask in {folder} ({', '.join(sorted(MASK_SUFFIXES))})",
            "Give a folder of masks named like the images.",
        )

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(self.files)

    def size(self, name: str) -> Size | None:
        try:
            with Image.open(self.files[name]) as image:
                return image.size
        except Exception as error:  # Pillow raises nearly anything where a file is damaged.
            raise self._unreadable(name, error) from error

    def read(self, name: str, size: Size) -> np.ndarray:
        try:
            with Image.open(self.files[name]) as image:
                image.load()
                return marked_pixels(image)
        except Exception as error:  # Pillow raises nearly anything where a file is damaged.
            raise self._unreadable(name, error) from error

    def content(self, name: str) -> bytes:
        return self.files[name].read_bytes()

    def _unreadable(self, name: str, error: Exception) -> UserError:
        reason = " ".join(str(error).split()) or type(error).__name__
        return UserError(
            f"object masks: {self.files[name]} cannot be read ({reason})",
            "Save it as PNG, or remove it.",
        )


def marked_pixels(image: Image.Image) -> np.ndarray:
    """Return which pixels of a mask are object: bool array (h, w).

    In a palette those that are not of its first colour, else those that are not black; what is wholly
    transparent is none.
    """
    if image.mode in ("P", "PA"):
        return np.asarray(image.getchannel(0)) != 0
    transparent = image.mode in ("RGBA", "LA", "La", "RGBa")
    pixels = np.asarray(image)
    if pixels.ndim == 2:
        return pixels != 0
    if not transparent:
        return (pixels != 0).any(axis=2)
    return (pixels[..., :-1] != 0).any(axis=2) & (pixels[..., -1] != 0)

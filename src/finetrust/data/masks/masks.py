"""Masks of semantic segmentation: a class for every pixel, read from its file when asked for.

Indexed PNG (grey or palette) and colour masks; 255 is "ignore" by the convention of Everingham et al.,
"The Pascal Visual Object Classes Challenge", IJCV 2010, whose border colour is (224, 224, 192).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import lru_cache
from pathlib import Path
from typing import Protocol

import numpy as np
from PIL import Image

IGNORE = 255
MOST_CLASSES = 254
VOC_BORDER = (224, 224, 192)
_UNKNOWN = 254
_INDICES, _COLOURS = 1 << 16, 1 << 24


class Mask(Protocol):
    """The mask of one image."""

    counts: tuple[int, ...]
    """Pixels of each class, and of what is ignored at the end; filled in by the checks."""

    digest: str
    """What tells masks apart; filled in by the checks."""

    name: str
    """As messages call it."""

    def read(self) -> np.ndarray:
        """Return the class of every pixel: uint8 array (h, w), ``IGNORE`` where there is none.

        Raises
        ------
        OSError
            If it cannot be read.
        """
        ...

    def decoded(self) -> tuple[np.ndarray, dict[str, int]]:
        """Return what `read` does, and the values of no class with their number of pixels."""
        ...

    def reordered(self, order: Sequence[int]) -> "Mask":
        """Return the mask with class ``order[i]`` as class i; a place of -1 is for none of them."""
        ...


@dataclass(frozen=True)
class MaskEncoding:
    """Which pixel values stand for which class.

    Parameters
    ----------
    codes : tuple of int (classes,)
        The value of each class, or its colour as ``r << 16 | g << 8 | b``; -1 for a class that
        the masks do not know.
    ignored : frozenset of int
        Values, or colours, that are neither trained on nor judged.
    colours : bool
        Whether pixels are told apart by colour.
    """

    codes: tuple[int, ...]
    ignored: frozenset[int]
    colours: bool = False

    def decode(self, pixels: np.ndarray) -> tuple[np.ndarray, dict[str, int]]:
        """Return the classes of int `pixels` (h, w), and the unknown values with their numbers."""
        table = _table(self)
        classes = table[np.clip(pixels, 0, len(table) - 1)]
        strange = classes == _UNKNOWN
        if not strange.any():
            return classes, {}
        values, counts = np.unique(pixels[strange], return_counts=True)
        classes[strange] = IGNORE
        order = np.argsort(-counts, kind="stable")
        return classes, {self.text(int(values[i])): int(counts[i]) for i in order}

    def reordered(self, order: Sequence[int]) -> "MaskEncoding":
        """Return the encoding with class ``order[i]`` as class i."""
        return replace(self, codes=tuple(self.codes[i] if i >= 0 else -1 for i in order))

    def text(self, code: int) -> str:
        """Return a value, or a colour, as a person writes it."""
        return str(colour_of(code)) if self.colours else str(code)


@dataclass(frozen=True)
class MaskFile:
    """A mask that lies in an image file.

    Parameters
    ----------
    path : Path
    encoding : MaskEncoding
    """

    path: Path
    encoding: MaskEncoding
    counts: tuple[int, ...] = ()
    digest: str = ""

    @property
    def name(self) -> str:
        return f"mask {self.path.parent.name}/{self.path.name}"

    def read(self) -> np.ndarray:
        return self.decoded()[0]

    def decoded(self) -> tuple[np.ndarray, dict[str, int]]:
        return self.encoding.decode(read_pixels(self.path, self.encoding.colours))

    def reordered(self, order: Sequence[int]) -> "MaskFile":
        return replace(self, encoding=self.encoding.reordered(order), counts=(), digest="")


@dataclass(frozen=True, eq=False)
class MaskArray:
    """A mask in memory.

    Parameters
    ----------
    array : int array (h, w)
        Class indices, ``IGNORE`` where there is none.
    n_classes : int
    """

    array: np.ndarray
    n_classes: int
    counts: tuple[int, ...] = ()
    digest: str = ""
    name: str = field(default="mask", repr=False)

    def read(self) -> np.ndarray:
        return self.decoded()[0]

    def decoded(self) -> tuple[np.ndarray, dict[str, int]]:
        encoding = MaskEncoding(tuple(range(self.n_classes)), frozenset({IGNORE}))
        return encoding.decode(self.array)

    def reordered(self, order: Sequence[int]) -> "MaskArray":
        table = np.full(256, IGNORE, np.uint8)
        for new, old in enumerate(order):
            if old >= 0:
                table[old] = new
        return MaskArray(table[self.read()], len(order), name=self.name)


def read_pixels(path: Path, colours: bool) -> np.ndarray:
    """Return the values of a mask's pixels, or their colours as one number: int array (h, w).

    Raises
    ------
    OSError
        If the file cannot be read, or has colours where values are expected.
    """
    try:
        with Image.open(path) as image:
            image.load()
            return colour_codes(image) if colours else _indices(image)
    except OSError:
        raise
    except Exception as error:  # Pillow raises nearly anything where a file is damaged.
        raise OSError(str(error) or type(error).__name__) from error


def colour_codes(image: Image.Image) -> np.ndarray:
    """Return the colours of an image as ``r << 16 | g << 8 | b``: int64 array (h, w)."""
    red, green, blue = np.moveaxis(np.asarray(image.convert("RGB"), np.int64), 2, 0)
    return red << 16 | green << 8 | blue


def code_of(colour: Sequence[int]) -> int:
    """Return a colour (r, g, b) as one number."""
    red, green, blue = colour
    return red << 16 | green << 8 | blue


def colour_of(code: int) -> tuple[int, int, int]:
    """Return the colour (r, g, b) that `code_of` packed."""
    return code >> 16, code >> 8 & 255, code & 255


def class_pixels(mask: Mask, n_classes: int) -> np.ndarray:
    """Return how many pixels each class has, and at the end what is ignored: (n_classes + 1,)."""
    if mask.counts:
        return np.asarray(mask.counts, np.int64)
    return count_pixels(mask.read(), n_classes)


def count_pixels(classes: np.ndarray, n_classes: int) -> np.ndarray:
    """Return the pixels of each class and of what is ignored: int64 array (n_classes + 1,)."""
    counts = np.bincount(classes.ravel(), minlength=IGNORE + 1)
    return np.append(counts[:n_classes], counts[IGNORE]).astype(np.int64)


def shares(counts: np.ndarray, classes: Sequence[str]) -> Mapping[str, float]:
    """Return the share of every class that is there, the largest first, of what is not ignored."""
    known = counts[: len(classes)]
    order = np.argsort(-known, kind="stable")
    return {classes[i]: float(known[i] / known.sum()) for i in order if known[i]}


def _indices(image: Image.Image) -> np.ndarray:
    if image.mode in ("LA", "PA"):
        image = image.getchannel(0)
    pixels = np.asarray(image)
    if pixels.ndim == 3:
        if (pixels[..., :3] != pixels[..., :1]).any():
            raise OSError(f"a mask with colours ({image.mode}), where class indices are expected")
        pixels = pixels[..., 0]
    if pixels.dtype.kind == "f":
        raise OSError("a mask of fractions, where class indices are expected")
    return pixels.astype(np.int64)


@lru_cache(maxsize=8)
def _table(encoding: MaskEncoding) -> np.ndarray:
    """Return the class of every possible value; the last is of no class."""
    table = np.full(_COLOURS if encoding.colours else _INDICES, _UNKNOWN, np.uint8)
    for index, code in enumerate(encoding.codes):
        if code >= 0:
            table[code] = index
    table[list(encoding.ignored)] = IGNORE
    return table

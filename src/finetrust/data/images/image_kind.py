"""Images as a kind of input."""

from collections.abc import Callable, Iterator, Sequence
from functools import partial
from pathlib import Path

import numpy as np
from PIL import Image

from finetrust.core.errors import UserError
from finetrust.data.images.image_figures import PROPERTIES, image_figures
from finetrust.data.images.image_files import SUFFIXES, decode
from finetrust.data.images.near_duplicates import near_pairs
from finetrust.data.images.thumbnail import SIDE, as_thumbnails, thumbnail
from finetrust.data.input_kind import Found, Size


class ImageKind:
    """RGB images of Pillow; their signatures are grey thumbnails, their figures tell of light and size."""

    name = "image"
    plural = "images"
    unit = "pixels"
    signature_bytes = SIDE * SIDE
    properties: tuple[str, ...] = PROPERTIES

    def inspect(self, value: Image.Image) -> Found:
        grey = value.convert("L")
        signature = thumbnail(grey)
        return value.size, signature, image_figures(value, grey, signature)

    def near_pairs(self, signatures: np.ndarray, others: np.ndarray | None = None) -> np.ndarray:
        return near_pairs(
            as_thumbnails(signatures), None if others is None else as_thumbnails(others)
        )

    def size_text(self, size: Size) -> str:
        return f"{size[0]} x {size[1]}"

    def memory(self, value: Image.Image) -> int:
        return value.width * value.height * len(value.getbands())

    def given(self, arguments: Sequence[str]) -> list[tuple[str, Callable[[], Image.Image]]]:
        paths = [path for argument in arguments for path in _images(Path(argument))]
        if not paths:
            raise UserError("no images were given", "Name image files or folders with images.")
        return [(str(path), partial(decode, path)) for path in paths]


IMAGES = ImageKind()


def _images(path: Path) -> Iterator[Path]:
    if path.is_dir():
        yield from sorted(p for p in path.rglob("*") if p.suffix.lower() in SUFFIXES)
    elif path.exists():
        yield path
    else:
        raise UserError(f"{path}: no such file or folder", "Give existing images or folders.")

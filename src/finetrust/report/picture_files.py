"""Pictures of a run as ``data:`` addresses, small enough to stand inside a page."""

import base64
import io
from collections.abc import Iterable
from pathlib import Path

from PIL import Image, UnidentifiedImageError

HIGHEST, WIDEST = 320, 960
PNG_BYTES = 24_000
JPEG_QUALITY = 82


def data_uris(folder: Path, files: Iterable[str]) -> dict[str, str]:
    """Return the pictures by their name; what is missing, broken or outside `folder` is left out.

    They are decoded and encoded again: nothing but pixels gets into the page. Few colours are
    smallest, and exact, as PNG; photos become JPEG. They may be wide, as several panels side by side
    are.

    Parameters
    ----------
    folder : Path
    files : iterable of str
        Paths relative to `folder`.
    """
    found = {}
    for file in files:
        path = (folder / file).resolve()
        if not path.is_relative_to(folder.resolve()):
            continue
        try:
            with Image.open(path) as picture:
                found[file] = _data_uri(picture.convert("RGB"))
        except (OSError, UnidentifiedImageError, Image.DecompressionBombError):
            continue
    return found


def _data_uri(picture: Image.Image) -> str:
    picture.thumbnail((WIDEST, HIGHEST))
    png = _encoded(picture, "PNG", optimize=True)
    if len(png) <= PNG_BYTES * max(1, picture.width / HIGHEST):
        return f"data:image/png;base64,{base64.b64encode(png).decode()}"
    jpeg = _encoded(picture, "JPEG", quality=JPEG_QUALITY)
    return f"data:image/jpeg;base64,{base64.b64encode(jpeg).decode()}"


def _encoded(picture: Image.Image, kind: str, **options: object) -> bytes:
    buffer = io.BytesIO()
    picture.save(buffer, kind, **options)
    return buffer.getvalue()

"""Images that lie in files of their own."""

from collections.abc import Sequence
from pathlib import Path

from PIL import Image, ImageOps, UnidentifiedImageError

SUFFIXES = frozenset(
    {".jpg", ".jpeg", ".png", ".bmp", ".gif", ".tif", ".tiff", ".webp", ".ppm", ".pgm"}
)
_FORMATS = ("JPEG", "PNG", "BMP", "GIF", "TIFF", "WEBP", "PPM")
_ORIENTATION = 0x0112


def decode(source: "Path | object") -> Image.Image:
    """Return the image in a file (path or open binary file) upright and in RGB.

    Camera rotation (EXIF) is applied; transparency is laid over white; 16-bit greys are scaled.

    Raises
    ------
    OSError
        If the file cannot be read or is cut off.
    """
    try:
        with Image.open(source, formats=_FORMATS) as image:  # type: ignore[arg-type]
            image.load()
            if image.getexif().get(_ORIENTATION, 1) == 1:
                return to_rgb(image)
            return to_rgb(ImageOps.exif_transpose(image))
    except UnidentifiedImageError as error:
        raise OSError(f"no image of a known format ({', '.join(_FORMATS)})") from error
    except OSError:
        raise
    except Exception as error:  # Pillow raises nearly anything where a file is damaged.
        raise OSError(str(error) or type(error).__name__) from error


def to_rgb(image: Image.Image) -> Image.Image:
    """Return `image` in RGB: transparency over white, 16-bit and float greys scaled to 8 bits."""
    if image.mode == "RGB":
        return image
    if image.mode.startswith("I;16") or image.mode == "I":
        return image.point(lambda value: value / 257, "L").convert("RGB")
    if image.has_transparency_data:
        rgba = image.convert("RGBA")
        white = Image.new("RGBA", rgba.size, "white")
        return Image.alpha_composite(white, rgba).convert("RGB")
    return image.convert("RGB")


class ImageFiles:
    """Inputs that are image files.

    Parameters
    ----------
    paths : sequence of Path (n,)
    """

    def __init__(self, paths: Sequence[Path]) -> None:
        self.paths = list(paths)

    def __len__(self) -> int:
        return len(self.paths)

    def __getitem__(self, index: int) -> Image.Image:
        return decode(self.paths[index])

    def content(self, index: int) -> bytes:
        return self.paths[index].read_bytes()

    def location(self, index: int) -> Path:
        return self.paths[index]

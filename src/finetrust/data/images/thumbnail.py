"""Small grey thumbnails: all that near duplicates are found by."""

from PIL import Image

SIDE = 16


def thumbnail(image: Image.Image) -> bytes:
    """Return the grey values of an RGB image at 16 x 16 pixels, row by row.

    The filter is antialiased, so that the same picture in another size has the same thumbnail.
    """
    grey = image.convert("L")
    return grey.resize((SIDE, SIDE), Image.Resampling.BILINEAR, reducing_gap=4.0).tobytes()

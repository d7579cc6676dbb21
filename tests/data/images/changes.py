"""What becomes of images that leak: encoded anew, resized, turned, cropped, in another light."""

import io
from collections.abc import Callable, Mapping

import numpy as np
from PIL import Image, ImageEnhance, ImageOps

from data.pictures import jpeg
from finetrust.data.images.image_files import decode
from finetrust.data.images.thumbnail import SIDE, thumbnail

Change = Callable[[Image.Image], Image.Image]


def thumbnails(images: list[Image.Image]) -> np.ndarray:
    joined = b"".join(map(thumbnail, images))
    return np.frombuffer(joined, np.uint8).reshape(len(images), SIDE, SIDE)


def encoded(quality: int) -> Change:
    return lambda image: decode(io.BytesIO(jpeg(image, quality)))


def scaled(across: float, down: float | None = None) -> Change:
    def scale(image: Image.Image) -> Image.Image:
        size = (round(image.width * across), round(image.height * (down or across)))
        return image.resize(size, Image.Resampling.BICUBIC)

    return scale


def cropped(*sides: float) -> Change:
    """Return what cuts these shares off at the left, top, right and bottom, and encodes anew."""

    def crop(image: Image.Image) -> Image.Image:
        width, height = image.size
        left, top, right, bottom = sides
        box = (left * width, top * height, (1 - right) * width, (1 - bottom) * height)
        return encoded(90)(image.crop(tuple(map(round, box))))

    return crop


def changes(seed: int = 0) -> Mapping[str, Change]:
    """Return changes by name; those drawn at random are drawn anew for each image."""
    draw = np.random.default_rng(seed).uniform
    saved = encoded(90)

    def randomly_cropped(image: Image.Image) -> Image.Image:
        return cropped(*draw(0, 0.1, 4))(image)

    return {
        "jpeg 30": encoded(30),
        "jpeg 50": encoded(50),
        "jpeg 95": encoded(95),
        "half size": scaled(0.5),
        "double size": scaled(2),
        "aspect": lambda image: scaled(*draw(0.9, 1.1, 2))(image),
        "mirrored": lambda image: saved(ImageOps.mirror(image)),
        "upside down": lambda image: saved(ImageOps.flip(image)),
        "turned": lambda image: saved(image.transpose(Image.Transpose.ROTATE_90)),
        "cropped": randomly_cropped,
        "cropped, mirrored": lambda image: ImageOps.mirror(randomly_cropped(image)),
        "brightness": lambda image: saved(ImageEnhance.Brightness(image).enhance(draw(0.6, 1.4))),
        "contrast": lambda image: saved(ImageEnhance.Contrast(image).enhance(draw(0.6, 1.5))),
        "grey": lambda image: image.convert("L").convert("RGB"),
    }

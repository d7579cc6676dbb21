"""The operations that AugMix and PixMix draw from: none of them is a corruption of the tests.

Hendrycks et al., "AugMix: A Simple Data Processing Method to Improve Robustness and Uncertainty", ICLR
2020, section 3: those of AutoAugment without contrast, colour, brightness, sharpness and Cutout, "so
that our set of operations are disjoint with respect to ImageNet-C corruptions". The strengths are
those of the authors' published code, the level of an operation being even in [0.1, severity].
"""

from collections.abc import Callable

from PIL import Image, ImageOps

from finetrust.data.images.augmentations.draws import coin, one_of, uniform

MOST_SEVERE = 10
Operation = Callable[[Image.Image, int], Image.Image]
"""From an image and the severity, 1 to 10, to an image of the same size."""


def drawn_operation(image: Image.Image, severity: int, still: bool) -> Image.Image:
    """Return `image` after one of the operations, or of those that move nothing."""
    among = STILL if still else OPERATIONS
    return list(among.values())[one_of(len(among))](image, severity)


def _autocontrast(image: Image.Image, severity: int) -> Image.Image:
    return ImageOps.autocontrast(image)


def _equalize(image: Image.Image, severity: int) -> Image.Image:
    return ImageOps.equalize(image)


def _posterize(image: Image.Image, severity: int) -> Image.Image:
    return ImageOps.posterize(image, 4 - int(_level(severity) * 4))


def _solarize(image: Image.Image, severity: int) -> Image.Image:
    return ImageOps.solarize(image, 256 - int(_level(severity) * 256))


def _rotate(image: Image.Image, severity: int) -> Image.Image:
    degrees = int(_level(severity) * 30)
    return image.rotate(-degrees if coin() else degrees, Image.Resampling.BILINEAR)


def _shear_x(image: Image.Image, severity: int) -> Image.Image:
    return _affine(image, 1, _signed(_level(severity) * 0.3), 0, 0, 1, 0)


def _shear_y(image: Image.Image, severity: int) -> Image.Image:
    return _affine(image, 1, 0, 0, _signed(_level(severity) * 0.3), 1, 0)


def _translate_x(image: Image.Image, severity: int) -> Image.Image:
    return _affine(image, 1, 0, _signed(int(_level(severity) * image.width / 3)), 0, 1, 0)


def _translate_y(image: Image.Image, severity: int) -> Image.Image:
    return _affine(image, 1, 0, 0, 0, 1, _signed(int(_level(severity) * image.height / 3)))


STILL: dict[str, Operation] = {
    "autocontrast": _autocontrast,
    "equalize": _equalize,
    "posterize": _posterize,
    "solarize": _solarize,
}
"""Those that leave every place of an image where it is."""

OPERATIONS: dict[str, Operation] = {
    **STILL,
    "rotate": _rotate,
    "shear_x": _shear_x,
    "shear_y": _shear_y,
    "translate_x": _translate_x,
    "translate_y": _translate_y,
}


def _level(severity: int) -> float:
    """Return a strength as a share of the greatest one."""
    return uniform(0.1, severity) / MOST_SEVERE


def _signed(strength: float) -> float:
    return -strength if coin() else strength


def _affine(image: Image.Image, *coefficients: float) -> Image.Image:
    return image.transform(
        image.size, Image.Transform.AFFINE, coefficients, Image.Resampling.BILINEAR
    )

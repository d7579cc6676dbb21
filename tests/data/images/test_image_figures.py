"""Figures of images: known for plain images, monotone where an image is changed on purpose."""

import numpy as np
import pytest
from PIL import Image, ImageEnhance, ImageFilter

from data.pictures import picture
from finetrust.data.images.image_kind import IMAGES


def figures(image: Image.Image) -> dict[str, float]:
    return dict(zip(IMAGES.properties, IMAGES.inspect(image)[2], strict=True))


def test_an_image_of_one_colour() -> None:
    assert figures(Image.new("RGB", (40, 20), (255, 0, 0))) == {
        "size": 800,
        "aspect_ratio": 2,
        "brightness": pytest.approx(76 / 255),
        "contrast": pytest.approx(0, abs=1e-6),
        "saturation": 1,
        "sharpness": 0,
    }


@pytest.mark.parametrize("size", [(1, 1), (2, 500), (500, 2), (3, 3)])
def test_tiny_and_narrow_images_have_finite_figures(size: tuple[int, int]) -> None:
    assert all(np.isfinite(list(figures(picture(0, size)).values())))


def test_the_sharpness_is_the_variance_of_the_laplacian() -> None:
    scipy_ndimage = pytest.importorskip("scipy.ndimage")
    image = picture(1, (100, 80))
    grey = np.asarray(image.convert("L")).astype(float)
    expected = scipy_ndimage.laplace(grey)[1:-1, 1:-1].var()
    assert figures(image)["sharpness"] == pytest.approx(expected, rel=1e-4)


@pytest.mark.parametrize("size", [(90, 70), (1200, 800)])
def test_each_figure_follows_what_is_done_to_the_image(size: tuple[int, int]) -> None:
    image = picture(2, (90, 70)).resize(size, Image.Resampling.NEAREST)
    plain = figures(image)
    assert figures(image.filter(ImageFilter.GaussianBlur(3)))["sharpness"] < plain["sharpness"]
    assert figures(ImageEnhance.Brightness(image).enhance(0.5))["brightness"] < plain["brightness"]
    assert figures(ImageEnhance.Contrast(image).enhance(0.5))["contrast"] < plain["contrast"]
    assert figures(ImageEnhance.Color(image).enhance(0.3))["saturation"] < plain["saturation"]
    assert figures(image.resize((30, 70)))["aspect_ratio"] < plain["aspect_ratio"]

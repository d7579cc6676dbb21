"""Blur and weather are distributed as by the published programs, on photographs and without.

Given the same image, the two sides have the same mean, variance, radially averaged spectrum and
distance (PSNR) from the image. The tolerance is five standard errors of the difference, since
both draw at random, and what 8 bits make out: the programs round down inside, which darkens by
up to half a step, where the library keeps floats.
"""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from finetrust.trust.stability.corruptions.catalogue import corruptions
from finetrust.trust.stability.corruptions.frost_textures import frost_textures

pytest.importorskip("cv2")

from . import reference_blur_weather as reference

SEVERITIES = (1, 2, 3, 4, 5)
DETERMINISTIC = ("gaussian_blur", "zoom_blur")
DRAWS = {32: 60, 224: 8}
STANDARD_ERRORS = 5
# Half a step of 8 bits twice (image and flakes), 2 % of the variance, 0.1 dB, and 0.1 in the
# logarithm of a band of the spectrum.
FLOOR_MEAN, FLOOR_VARIANCE, FLOOR_PSNR, FLOOR_SPECTRUM = 1 / 255, 0.02, 0.1, 0.1
ROUNDING = 1 / (12 * 255**2)
BANDS = 8

Photo = Callable[[int], np.ndarray]


def synthetic(size: int) -> np.ndarray:
    """Return an image (size, size, 3) of shades, edges, a grid, a disk and texture."""
    rng = np.random.default_rng(0)
    y, x = np.mgrid[:size, :size] / size
    image = np.stack([0.2 + 0.6 * x, 0.3 + 0.5 * y, 0.8 - 0.5 * x * y], axis=-1)
    image[(x - 0.6) ** 2 + (y - 0.4) ** 2 < 0.05] = (0.9, 0.2, 0.1)
    image[(x < 0.4) & (y > 0.6) & ((x * 16 + y * 16).astype(int) % 2 == 0)] = 0.05
    return np.clip(image + 0.04 * rng.normal(size=image.shape), 0, 1)


@pytest.fixture(params=["synthetic", "ants", "bees"])
def photo(request: pytest.FixtureRequest) -> Photo:
    if request.param == "synthetic":
        return synthetic
    folder: Path = request.getfixturevalue("shared") / "hymenoptera" / "val" / request.param
    files = sorted(folder.glob("*.jpg"))
    if not files:
        pytest.skip("needs the photographs of hymenoptera, which are not here")

    def read(size: int) -> np.ndarray:
        with Image.open(files[0]) as image:
            side = min(image.size)
            square = image.convert("RGB").crop((0, 0, side, side)).resize((size, size))
        return np.asarray(square) / 255

    return read


def corrupted(name: str, image: np.ndarray, severity: int, draws: int) -> np.ndarray:
    """Return the image corrupted under several seeds: (draws, h, w, 3)."""
    tensor = torch.from_numpy(image).float().permute(2, 0, 1).expand(draws, -1, -1, -1)
    found = corruptions.get(name)(tensor, severity, torch.arange(draws))
    return found.permute(0, 2, 3, 1).double().numpy()


def as_published(name: str, image: np.ndarray, severity: int, draws: int) -> np.ndarray:
    rng = np.random.default_rng(severity)
    if name == "frost":
        photographs = frost_textures().transpose(0, 2, 3, 1)
        weights = reference.parameter(name, severity, image)
        items = [reference.frost(image, weights, photographs, rng) for _ in range(draws)]
    else:
        items = [reference.corrupt(name, image, severity, rng) for _ in range(draws)]
    return np.stack(items)


def radial_spectrum(images: np.ndarray) -> np.ndarray:
    """Return the logarithm of the mean power in rings of frequencies: (n, BANDS)."""
    size = images.shape[1]
    centred = images - images.mean(axis=(1, 2), keepdims=True)
    power = (np.abs(np.fft.fft2(centred, axes=(1, 2))) ** 2).mean(axis=-1) / size**2
    frequency = np.fft.fftfreq(size)
    ring = (np.hypot(frequency[:, None], frequency) * 2 * BANDS).astype(int)
    rings = [power[:, ring == band].mean(axis=1) for band in range(BANDS)]
    return np.log(np.stack(rings, axis=1) + ROUNDING)


def psnr(image: np.ndarray, others: np.ndarray) -> np.ndarray:
    return 10 * np.log10(1 / ((others - image) ** 2).mean(axis=(1, 2, 3)))


def assert_agree(found: np.ndarray, expected: np.ndarray, floor: float) -> None:
    """Assert that the means of two samples (n, ...) agree within the tolerance."""
    error = np.sqrt(found.var(axis=0) / len(found) + expected.var(axis=0) / len(expected))
    distance = np.abs(found.mean(axis=0) - expected.mean(axis=0))
    assert (distance <= floor + STANDARD_ERRORS * error).all(), (distance, error)


@pytest.mark.parametrize("name", sorted(reference.CIFAR_C))
def test_the_parameters_are_the_published_ones(name: str) -> None:
    assert corruptions.get(name).small == reference.CIFAR_C[name]
    assert corruptions.get(name).large == reference.IMAGENET_C[name]


@pytest.mark.parametrize("size", [32, 224])
@pytest.mark.parametrize("name", DETERMINISTIC)
def test_every_pixel_of_a_deterministic_blur_is_as_published(
    name: str, size: int, photo: Photo
) -> None:
    image = photo(size)
    for severity in SEVERITIES:
        found = corrupted(name, image, severity, draws=1)
        expected = as_published(name, image, severity, draws=1)
        # What is left is rounding of float32, far under a step of an 8-bit image.
        np.testing.assert_allclose(found, expected, rtol=0, atol=1e-6)


@pytest.mark.parametrize("size", [32, 224])
@pytest.mark.parametrize("name", sorted(set(reference.CIFAR_C) - set(DETERMINISTIC)))
def test_a_random_type_is_distributed_as_published(name: str, size: int, photo: Photo) -> None:
    image = photo(size)
    # The published shuffle of glass takes a seventh of a second at 224 pixels, and varies little.
    draws = 1 if name == "glass_blur" and size == 224 else DRAWS[size]
    for severity in SEVERITIES:
        found = corrupted(name, image, severity, DRAWS[size])
        expected = as_published(name, image, severity, draws)
        assert_agree(found.mean(axis=(1, 2, 3)), expected.mean(axis=(1, 2, 3)), FLOOR_MEAN)
        variance = expected.var()
        assert_agree(
            found.var(axis=(1, 2, 3)), expected.var(axis=(1, 2, 3)), FLOOR_VARIANCE * variance
        )
        assert_agree(psnr(image, found), psnr(image, expected), FLOOR_PSNR)
        assert_agree(radial_spectrum(found), radial_spectrum(expected), FLOOR_SPECTRUM)

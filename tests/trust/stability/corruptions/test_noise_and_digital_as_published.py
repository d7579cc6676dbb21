"""Noise and digital corruptions against the published formulation, on photos and made pictures.

Random ones are compared by distribution, over several draws of every picture: mean, variance,
radially averaged spectrum and PSNR to the picture. Where the same draws can be given to both,
and for what draws nothing, pixels are compared.
"""

from collections.abc import Callable
from functools import cache
from pathlib import Path

import cv2
import numpy as np
import pytest
import torch
from PIL import Image
from scipy import ndimage, stats
from sklearn.datasets import load_digits

from finetrust.trust.stability.corruptions.catalogue import corruptions
from finetrust.trust.stability.corruptions.elastic import affine, displaced, smooth_noise
from finetrust.trust.stability.corruptions.jpeg import LUMINANCE, quantisation
from finetrust.trust.stability.corruptions.poisson import poisson
from finetrust.trust.trials.draws import uniform

from . import reference_noise_digital as published

SIZES = (32, 224)
SEVERITIES = (1, 2, 3, 4, 5)
NOISES = ("shot_noise", "impulse_noise", "speckle_noise")
# Draws of every picture, so that chance is far below the tolerance.
DRAWS = {32: 50, 224: 2}
MADE = ("digits", "cloud")
SOURCES = (*MADE, "photos")


@cache
def made(source: str, size: int) -> np.ndarray:
    """Return pictures (n, size, size, 3) of whole 8-bit values in [0, 1]."""
    if source == "digits":
        shapes = load_digits().images[:2] / 16
        grey = np.stack([ndimage.zoom(shape, size / 8, order=1) for shape in shapes])
        images = grey[..., None] * np.array([1, 0.8, 0.5])
    else:
        # The spectrum of natural pictures: amplitude falls as 1 / frequency.
        rng = np.random.default_rng(7)
        fx, fy = np.meshgrid(np.fft.fftfreq(size), np.fft.fftfreq(size))
        fall = 1 / np.maximum(np.hypot(fx, fy), 1 / size)[..., None]
        waves = np.fft.fft2(rng.normal(size=(2, size, size, 3)), axes=(1, 2)) * fall
        cloud = np.fft.ifft2(waves, axes=(1, 2)).real
        cloud = 0.7 * cloud.mean(axis=3, keepdims=True) + 0.3 * cloud
        images = 0.5 + 0.22 * (cloud - cloud.mean()) / cloud.std()
    return np.round(np.clip(images, 0, 1) * 255) / 255


@pytest.fixture
def pictures(request: pytest.FixtureRequest) -> Callable[[str, int], np.ndarray]:
    def load(source: str, size: int) -> np.ndarray:
        if source in MADE:
            return made(source, size)
        return photos(request.getfixturevalue("shared"), size)

    return load


@cache
def photos(shared: Path, size: int) -> np.ndarray:
    files = sorted((shared / "hymenoptera" / "val").glob("*/*.jpg"))[::60]
    opened = [Image.open(file).convert("RGB").resize((size, size)) for file in files]
    return np.stack([np.asarray(image) / 255 for image in opened])


def parameter(name: str, severity: int, size: int) -> object:
    return (published.CIFAR_C if size < 91 else published.IMAGENET_C)[name][severity - 1]


def corrupted(name: str, images: np.ndarray, severity: int, first_seed: int = 0) -> np.ndarray:
    tensor = torch.from_numpy(images).float().permute(0, 3, 1, 2)
    seeds = torch.arange(first_seed, first_seed + len(images))
    result = corruptions.get(name)(tensor, severity, seeds)
    return result.permute(0, 2, 3, 1).double().numpy()


def both(name: str, images: np.ndarray, severity: int, draws: int) -> tuple[np.ndarray, np.ndarray]:
    """Return our pictures and the published ones, (draws, n, size, size, 3) each."""
    size, rng = images.shape[1], np.random.default_rng(severity)
    reference, given = getattr(published, name), parameter(name, severity, size)
    tiled = np.concatenate([images] * draws)
    found = corrupted(name, tiled, severity).reshape(draws, *images.shape)
    expected = [[reference(image, given, rng) for image in images] for _ in range(draws)]
    return found, np.array(expected)


def psnr(image: np.ndarray, other: np.ndarray) -> np.ndarray:
    """Return the PSNR of each picture (..., h, w, 3) in dB."""
    return -10 * np.log10(np.mean((image - other) ** 2, axis=(-3, -2, -1)))


def spectrum(images: np.ndarray) -> np.ndarray:
    """Return the mean power (8,) of pictures (..., h, w, 3) in rings of frequency."""
    size = images.shape[-2]
    power = np.abs(np.fft.fft2(images, axes=(-3, -2))) ** 2
    power = power.mean(axis=(*range(images.ndim - 3), -1))
    frequency = np.hypot(*np.meshgrid(np.fft.fftfreq(size), np.fft.fftfreq(size)))
    ring = np.minimum((frequency * 16).astype(int), 7).ravel()
    power.ravel()[0] = 0
    return np.bincount(ring, power.ravel()) / np.bincount(ring)


@pytest.mark.parametrize("name", sorted(published.CIFAR_C))
def test_the_parameters_are_the_published_ones(name: str) -> None:
    for found, expected in (
        (corruptions.get(name).small, published.CIFAR_C[name]),
        (corruptions.get(name).large, published.IMAGENET_C[name]),
    ):
        np.testing.assert_allclose(found, expected, rtol=1e-12)


def test_the_extra_types_are_marked() -> None:
    marked = {name: corruptions.get(name).extra for name in published.CIFAR_C}
    assert [name for name, extra in sorted(marked.items()) if extra] == [
        "saturate",
        "speckle_noise",
    ]


@pytest.mark.parametrize("source", SOURCES)
@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("name", NOISES)
def test_noise_is_distributed_as_published(
    name: str, size: int, source: str, pictures: Callable[[str, int], np.ndarray]
) -> None:
    images = pictures(source, size)
    for severity in SEVERITIES:
        found, expected = both(name, images, severity, DRAWS[size])
        assert found.mean() == pytest.approx(expected.mean(), abs=0.001)
        assert found.var() == pytest.approx(expected.var(), rel=0.01)
        of_each = psnr(found, images).mean(axis=0), psnr(expected, images).mean(axis=0)
        np.testing.assert_allclose(*of_each, rtol=0, atol=0.6 if size == 32 else 0.4)
        np.testing.assert_allclose(spectrum(found), spectrum(expected), rtol=0.05)


@pytest.mark.parametrize("source", SOURCES)
@pytest.mark.parametrize("size", SIZES)
def test_elastic_transformation_is_distributed_as_published(
    size: int, source: str, pictures: Callable[[str, int], np.ndarray]
) -> None:
    images = pictures(source, size)
    draws = 40 if size == 32 else 5
    for severity in SEVERITIES if size == 32 else (2, 4):
        found, expected = both("elastic_transform", images, severity, draws)
        assert found.mean() == pytest.approx(expected.mean(), abs=0.05)
        assert found.var() == pytest.approx(expected.var(), rel=0.15)
        mean_psnr = psnr(expected, images).mean()
        assert psnr(found, images).mean() == pytest.approx(mean_psnr, abs=1.5)
        np.testing.assert_allclose(spectrum(found), spectrum(expected), rtol=0.35)


@pytest.mark.parametrize("shape", [(32, 32), (224, 224), (100, 150)])
def test_the_affine_map_is_that_of_opencv(shape: tuple[int, int]) -> None:
    rng = np.random.default_rng(0)
    image = ndimage.gaussian_filter(rng.random((*shape, 3)), (1, 1, 0)).astype(np.float32)
    for farthest in (2.56, 24.4, 48.8) if shape[0] > 32 else (0.96, 2.56):
        moves = rng.uniform(-farthest, farthest, (1, 6))
        expected = published.affine(image, moves.reshape(3, 2))
        planes = torch.from_numpy(image).permute(2, 0, 1)[None]
        found = affine(planes, torch.from_numpy(moves))[0].permute(1, 2, 0).numpy()
        np.testing.assert_allclose(found, expected, rtol=0, atol=1e-4)


@pytest.mark.parametrize("shape", [(32, 32), (64, 100)])
def test_pixels_are_displaced_as_by_scipy(shape: tuple[int, int]) -> None:
    rng = np.random.default_rng(0)
    image = rng.random((*shape, 3)).astype(np.float32)
    dx, dy = rng.normal(0, 4, (2, *shape)).astype(np.float32)
    expected = published.displaced(image, dx, dy)
    planes = torch.from_numpy(image).permute(2, 0, 1)[None]
    found = displaced(planes, torch.from_numpy(dx)[None], torch.from_numpy(dy)[None])
    np.testing.assert_allclose(found[0].permute(1, 2, 0), expected, rtol=0, atol=2e-5)


@pytest.mark.parametrize("sigma", [0.96, 1.28, 1.92, 2.44])
def test_a_narrow_filter_smooths_noise_as_by_scipy(sigma: float) -> None:
    like, seeds = torch.empty(3, 2, 32, 40), torch.arange(3)
    noise = uniform(like, seeds, stream=1).double().numpy() * 2 - 1
    sigmas = (0, 0, sigma, sigma)
    expected = ndimage.gaussian_filter(noise, sigmas, mode="reflect", truncate=3)
    found = smooth_noise(like, sigma, seeds, stream=1)
    np.testing.assert_allclose(found, expected, rtol=0, atol=1e-6)


@pytest.mark.parametrize(("size", "sigma"), [(32, 6.4), (224, 19.52), (224, 170.8)])
def test_a_wide_filter_leaves_the_covariance_that_scipys_does(size: int, sigma: float) -> None:
    filtered = ndimage.gaussian_filter1d(np.eye(size), sigma, axis=0, mode="reflect", truncate=3)
    covariance = filtered @ filtered.T
    like = torch.empty(120, 2, size, size)
    fields = smooth_noise(like, sigma, torch.arange(120), 1).double()
    found = torch.corrcoef(fields[:, :, 0, 0].T)[0, 1]
    assert abs(found) < 0.4
    fields = fields.flatten(0, 1)
    # Uniform noise has a variance of 1 / 3, and the filter works on rows and columns apart.
    places = [0, size // 4, size // 2, size - 1]
    expected = np.outer(*2 * (np.diag(covariance)[places],)) / 3
    np.testing.assert_allclose(fields[:, places][:, :, places].var(dim=0), expected, rtol=0.4)
    power = np.trace(covariance)
    steps = np.trace(np.diff(np.diff(covariance, axis=0), axis=1))
    assert fields.square().sum((1, 2)).mean() == pytest.approx(power**2 / 3, rel=0.25)
    # In pixels under the published factor; the end of the filter adds steps of a thousandth.
    step = 488 * (power * steps / 3) ** 0.5 / size
    for axis in (1, 2):
        found = 488 * fields.diff(dim=axis).square().sum((1, 2)).mean() ** 0.5 / size
        assert found == pytest.approx(step, rel=0.1, abs=0.002)
    assert stats.normaltest(fields[:, 0, 0]).pvalue > 1e-3


@pytest.mark.parametrize("source", SOURCES)
@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("name", ["pixelate", "saturate"])
def test_pixels_are_as_published(
    name: str, size: int, source: str, pictures: Callable[[str, int], np.ndarray]
) -> None:
    images = pictures(source, size)
    # Pillow rounds to 8 bits after either axis, which may move a value by one step.
    tolerance = {"pixelate": 1.001 / 255, "saturate": 2e-4}[name]
    for severity in SEVERITIES:
        given = parameter(name, severity, size)
        expected = np.stack([getattr(published, name)(image, given) for image in images])
        found = corrupted(name, images, severity)
        np.testing.assert_allclose(found, expected, rtol=0, atol=tolerance)


@pytest.mark.parametrize("shape", [(32, 32), (41, 57), (100, 130), (224, 224)])
def test_pixelation_of_any_shape_is_that_of_pillow(shape: tuple[int, int]) -> None:
    image = np.random.default_rng(0).integers(0, 256, (*shape, 3)) / 255
    for severity in SEVERITIES:
        expected = published.pixelate(image, parameter("pixelate", severity, min(shape)))
        found = corrupted("pixelate", image[None], severity)[0]
        np.testing.assert_allclose(found, expected, rtol=0, atol=1.001 / 255)


@pytest.mark.parametrize("source", SOURCES)
@pytest.mark.parametrize("size", SIZES)
def test_jpeg_is_that_of_libjpeg(
    size: int, source: str, pictures: Callable[[str, int], np.ndarray]
) -> None:
    images = pictures(source, size)
    between = []
    for severity in SEVERITIES:
        quality = parameter("jpeg_compression", severity, size)
        expected = np.stack([published.jpeg_compression(image, quality) for image in images])
        found = corrupted("jpeg_compression", images, severity)
        between.extend(np.minimum(psnr(found, expected), 80))
        np.testing.assert_allclose(psnr(found, images), psnr(expected, images), atol=0.15)
        # Rounding to 8 bits alone has a power of 1e-6 a pixel.
        rings = spectrum(found), spectrum(expected)
        np.testing.assert_allclose(*rings, rtol=0.05, atol=4e-6 * size**2)
    # They differ where a coefficient lies between two steps and rounds to the other side.
    assert min(between) > 37
    assert np.mean(between) > 44


@pytest.mark.parametrize("shape", [(33, 50), (91, 111), (104, 96)])
def test_jpeg_of_any_shape_is_that_of_libjpeg(shape: tuple[int, int]) -> None:
    rng = np.random.default_rng(3)
    image = ndimage.gaussian_filter(rng.random((*shape, 3)), (1.5, 1.5, 0))
    image = np.round((image - image.min()) / np.ptp(image) * 255) / 255
    for severity in SEVERITIES:
        quality = parameter("jpeg_compression", severity, min(shape))
        expected = published.jpeg_compression(image, quality)
        found = corrupted("jpeg_compression", image[None], severity)[0]
        assert psnr(found, expected) > 36
        assert psnr(found[-8:], expected[-8:]) > 30
        assert psnr(found[:, -8:], expected[:, -8:]) > 30


def test_the_quantisation_tables_are_those_in_a_file_of_pillow(tmp_path: Path) -> None:
    for quality in (7, 10, 18, 25, 40, 50, 58, 80):
        Image.new("RGB", (16, 16)).save(tmp_path / "a.jpg", quality=quality)
        table = np.array(Image.open(tmp_path / "a.jpg").quantization[0]).reshape(8, 8)
        np.testing.assert_array_equal(quantisation(LUMINANCE, quality), table)


@pytest.mark.parametrize("rate", [0.02, 0.7, 3.0, 11.3])
@pytest.mark.parametrize("scale", [12.0, 500.0])
@pytest.mark.parametrize("on_level", [True, False])
def test_counts_are_poisson(scale: float, rate: float, on_level: bool) -> None:
    value = rate / scale
    if on_level:
        value = np.round(value * 255) / 255
    counts = poisson(torch.full((8, 3, 100, 100), value), scale, torch.arange(8)).numpy().ravel()
    law = stats.poisson(np.float32(value) * scale)
    if law.mean() == 0:
        assert not counts.any()
        return
    cells = np.arange(int(law.ppf(1 - 1e-4)) + 1)
    expected = np.append(law.pmf(cells), law.sf(cells[-1])) * counts.size
    seen = np.bincount(np.minimum(counts.astype(int), len(cells)), minlength=len(expected))
    assert stats.chisquare(seen, expected * seen.sum() / expected.sum()).pvalue > 1e-3


def test_impulses_strike_the_given_part_white_and_black_alike() -> None:
    grey = np.full((20, 100, 100, 3), 0.5)
    found = corrupted("impulse_noise", grey, 5)
    n = found.size
    for value in (0, 1):
        assert np.mean(found == value) == pytest.approx(0.135, abs=5 * (0.135 / n) ** 0.5)
    assert np.mean(found == 0.5) == pytest.approx(0.73, abs=5 * (0.2 / n) ** 0.5)


def test_grey_gains_saturation_as_red() -> None:
    found = corrupted("saturate", np.full((1, 32, 32, 3), 0.5), 5)
    np.testing.assert_allclose(found[0, 0, 0], [0.5, 0.4, 0.4], atol=1e-6)


def test_the_reference_of_hsv_agrees_with_opencv() -> None:
    image = np.random.default_rng(0).random((40, 40, 3)).astype(np.float32)
    expected = cv2.cvtColor(image, cv2.COLOR_RGB2HSV) / np.array([360, 1, 1])
    np.testing.assert_allclose(published.hsv_of(image.astype(float)), expected, atol=1e-5)
    np.testing.assert_allclose(
        published.rgb_of(published.hsv_of(image.astype(float))), image, atol=1e-6
    )

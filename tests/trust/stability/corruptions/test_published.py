"""Every corruption is what was published: the same parameters, the same pixels."""

import numpy as np
import pytest
import torch
from scipy import stats

from finetrust.trust.stability.corruptions.blur import disk
from finetrust.trust.stability.corruptions.catalogue import corruptions

from . import published

SIZES = (32, 96)
SEVERITIES = (1, 2, 3, 4, 5)


def photo(size: int) -> np.ndarray:
    """Return an image (size, size, 3) of shades, edges, texture, black, white and colours."""
    rng = np.random.default_rng(0)
    ramp = np.linspace(0, 1, size)
    channels = np.add.outer(ramp, ramp) / 2, np.outer(ramp, 1 - ramp), np.tile(ramp, (size, 1))
    image = np.stack(channels, axis=-1)
    image[: size // 4, : size // 4] = 0
    image[-size // 4 :, : size // 4] = 1
    image[: size // 4, -size // 4 :] = (1, 0, 0)
    image[-size // 4 :, -size // 4 :] = rng.random((size // 4, size // 4, 3))
    return image


def corrupted(name: str, image: np.ndarray, severity: int, seed: int = 0) -> np.ndarray:
    tensor = torch.from_numpy(image).float().permute(2, 0, 1)[None]
    result = corruptions.get(name)(tensor, severity, torch.tensor([seed]))
    return result[0].permute(1, 2, 0).double().numpy()


def psnr(image: np.ndarray, other: np.ndarray) -> float:
    return float(10 * np.log10(1 / np.mean((image - other) ** 2)))


@pytest.mark.parametrize("name", sorted(published.CIFAR_C))
def test_the_parameters_are_the_published_ones(name: str) -> None:
    assert corruptions.get(name).small == published.CIFAR_C[name]
    assert corruptions.get(name).large == published.IMAGENET_C[name]


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("name", ["defocus_blur", "brightness", "contrast"])
def test_every_pixel_of_a_deterministic_corruption_is_as_published(name: str, size: int) -> None:
    image = photo(size)
    for severity in SEVERITIES:
        parameter = published.parameter(name, severity, image)
        expected = getattr(published, name)(image, parameter)
        found = corrupted(name, image, severity)
        # What is left is rounding of float32, far under a step of an 8-bit image.
        np.testing.assert_allclose(found, expected, rtol=0, atol=1e-6)
        assert psnr(image, found) == pytest.approx(psnr(image, expected), abs=1e-3)


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("severity", SEVERITIES)
def test_gaussian_noise_is_distributed_as_published(severity: int, size: int) -> None:
    image, rng = photo(size), np.random.default_rng(1)
    deviation = published.parameter("gaussian_noise", severity, image)
    times = 40 if size == 32 else 8
    found = np.stack([corrupted("gaussian_noise", image, severity, s) for s in range(times)])
    expected = np.stack([published.gaussian_noise(image, deviation, rng) for _ in range(times)])
    noise, reference = found - image, expected - image
    assert noise.mean() == pytest.approx(reference.mean(), abs=6 * deviation / noise.size**0.5)
    assert noise.var() == pytest.approx(reference.var(), rel=0.02)
    assert psnr(image, found) == pytest.approx(psnr(image, expected), abs=0.1)


def test_gaussian_noise_on_grey_is_white_and_normal() -> None:
    noise = corrupted("gaussian_noise", np.full((96, 96, 3), 0.5), 1) - 0.5
    assert stats.kstest(noise.ravel() / 0.08, "norm").pvalue > 0.01
    for neighbour in (noise[1:], noise[:, 1:], noise[..., 1:]):
        shape = neighbour.shape
        own = noise[: shape[0], : shape[1], : shape[2]]
        assert abs(np.corrcoef(own.ravel(), neighbour.ravel())[0, 1]) < 0.03


@pytest.mark.parametrize(
    "parameter", published.CIFAR_C["defocus_blur"] + published.IMAGENET_C["defocus_blur"]
)
def test_the_kernel_is_the_published_one_without_its_empty_rim(
    parameter: tuple[float, float],
) -> None:
    kernel, expected = disk(*parameter), published.disk(*parameter)
    rim = (len(expected) - len(kernel)) // 2
    inner = expected[rim : len(expected) - rim, rim : len(expected) - rim]
    np.testing.assert_allclose(kernel, inner, rtol=0, atol=1e-15)


def test_the_reference_agrees_with_opencv() -> None:
    cv2 = pytest.importorskip("cv2")
    image = photo(96)
    for radius, sigma in published.IMAGENET_C["defocus_blur"]:
        reach, taps = (8, 3) if radius <= 8 else (radius, 5)
        x, y = np.meshgrid(np.arange(-reach, reach + 1), np.arange(-reach, reach + 1))
        sharp = np.array(x**2 + y**2 <= radius**2, dtype=np.float32)
        kernel = cv2.GaussianBlur(sharp / sharp.sum(), ksize=(taps, taps), sigmaX=sigma)
        np.testing.assert_allclose(published.disk(radius, sigma), kernel, rtol=0, atol=1e-7)
        blurred = cv2.filter2D(image, -1, kernel.astype(np.float64))
        expected = published.defocus_blur(image, (radius, sigma))
        np.testing.assert_allclose(expected, np.clip(blurred, 0, 1), rtol=0, atol=1e-6)

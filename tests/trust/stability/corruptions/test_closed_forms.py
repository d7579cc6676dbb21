"""Corruptions of images for which the answer can be written down."""

import numpy as np
import pytest
import torch
from torch import Tensor

from finetrust.trust.stability.corruptions.blur import convolve
from finetrust.trust.stability.corruptions.catalogue import corruptions
from finetrust.trust.stability.corruptions.digital import pixel_mean
from finetrust.trust.trials.draws import standard_normal

SEED = torch.tensor([0])


def corrupted(name: str, image: Tensor, severity: int) -> Tensor:
    return corruptions.get(name)(image[None], severity, SEED)[0]


def colour(red: float, green: float, blue: float, size: int = 32) -> Tensor:
    return torch.tensor([red, green, blue])[:, None, None].expand(3, size, size)


@pytest.mark.parametrize("name", ["contrast", "defocus_blur"])
def test_an_image_of_one_colour_has_no_contrast_and_no_edges_to_lose(name: str) -> None:
    image = colour(0.1, 0.5, 0.9)
    for severity in range(1, 6):
        torch.testing.assert_close(corrupted(name, image, severity), image, rtol=0, atol=1e-6)


def test_contrast_shrinks_the_distance_from_the_mean() -> None:
    image = torch.zeros(3, 32, 32)
    image[:, :16] = 1
    found = corrupted("contrast", image, 5)
    assert found[:, 0, 0].tolist() == pytest.approx([0.575] * 3)
    assert found[:, 31, 0].tolist() == pytest.approx([0.425] * 3)


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ((0.2, 0.2, 0.2), (0.5, 0.5, 0.5)),
        ((0.4, 0.2, 0.0), (0.7, 0.35, 0.0)),
        ((0.9, 0.45, 0.9), (1.0, 0.5, 1.0)),
        ((0.0, 0.0, 0.0), (0.3, 0.3, 0.3)),
        ((1.0, 1.0, 1.0), (1.0, 1.0, 1.0)),
    ],
    ids=["grey", "orange", "clipped at white", "black", "white"],
)
def test_brightness_moves_the_value_and_keeps_hue_and_saturation(
    given: tuple[float, ...], expected: tuple[float, ...]
) -> None:
    found = corrupted("brightness", colour(*given), 5)
    torch.testing.assert_close(found, colour(*expected), rtol=0, atol=1e-6)


def test_a_point_becomes_the_kernel() -> None:
    kernel = np.outer([1, 2, 1], [1, 2, 1]) / 16
    image = torch.zeros(1, 1, 9, 9)
    image[0, 0, 4, 4] = 1
    found = convolve(image, kernel)[0, 0]
    torch.testing.assert_close(found[3:6, 3:6], torch.tensor(kernel).float(), rtol=0, atol=1e-7)
    assert found.sum() == pytest.approx(1, abs=1e-6)


def test_a_convolution_mirrors_the_image_at_its_edge() -> None:
    kernel = np.zeros((3, 3))
    kernel[1] = 0.5, 0, 0.5
    image = torch.arange(5.0).expand(1, 1, 5, 5) / 5
    found = convolve(image, kernel)[0, 0, 0]
    torch.testing.assert_close(found, torch.tensor([1.0, 1, 2, 3, 3]) / 5, rtol=0, atol=1e-6)


@pytest.mark.parametrize("shape", [(1, 1), (5, 7), (32, 32), (33, 65)])
def test_the_pixel_mean_is_the_mean(shape: tuple[int, int]) -> None:
    images = torch.rand(3, 2, *shape)
    expected = images.double().mean(dim=(2, 3), keepdim=True).float()
    torch.testing.assert_close(pixel_mean(images), expected, rtol=1e-6, atol=1e-7)


def test_every_item_draws_from_its_own_seed() -> None:
    seeds = torch.tensor([5, 6, 5])
    first, second, third = standard_normal(torch.empty(3, 3, 8, 8), seeds)
    assert torch.equal(first, third)
    assert not torch.equal(first, second)
    alone = standard_normal(torch.empty(1, 3, 8, 8), seeds[1:2])[0]
    assert torch.equal(alone, second)

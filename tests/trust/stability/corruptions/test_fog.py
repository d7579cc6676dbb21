"""The plasma fractal of fog is the published one, given the same random numbers."""

import math
from collections.abc import Callable

import numpy as np
import pytest
import torch

from finetrust.trust.stability.corruptions.catalogue import corruptions
from finetrust.trust.stability.corruptions.fog import plasma

pytest.importorskip("cv2")

from . import reference_blur_weather as reference


def handed_out(draws: np.ndarray) -> Callable[[tuple[int, ...]], np.ndarray]:
    """Return a function that hands out the given numbers one after the other."""
    rest = iter(draws)

    def draw(shape: tuple[int, ...]) -> np.ndarray:
        return np.fromiter(rest, float, math.prod(shape)).reshape(shape)

    return draw


@pytest.mark.parametrize("decay", [1.4, 2.0, 3.0])
@pytest.mark.parametrize("size", [2, 32, 256])
def test_the_fractal_is_the_published_one(size: int, decay: float) -> None:
    draws = np.random.default_rng(size).random((2, size**2 - 1))
    found = plasma(torch.from_numpy(draws), size, decay)
    for i in range(2):
        expected = reference.plasma(size, decay, handed_out(draws[i]))
        np.testing.assert_allclose(found[i], expected, rtol=0, atol=1e-9)


def test_each_fractal_reaches_from_0_to_1() -> None:
    found = plasma(torch.rand(5, 64**2 - 1), 64, 2.0)
    assert torch.equal(found.amin((1, 2)), torch.zeros(5))
    assert torch.equal(found.amax((1, 2)), torch.ones(5))


@pytest.mark.parametrize("size", [(32, 32), (224, 224), (60, 200)])
def test_the_brightest_value_stays_what_it_can_be_at_most(size: tuple[int, int]) -> None:
    images = torch.rand(3, 3, *size) * torch.tensor([0.3, 0.7, 1.0])[:, None, None, None]
    for severity in (1, 5):
        found = corruptions.get("fog")(images, severity, torch.arange(3))
        assert (found.amax((1, 2, 3)) <= images.amax((1, 2, 3)) + 1e-6).all()


def test_a_black_image_stays_black() -> None:
    found = corruptions.get("fog")(torch.zeros(1, 3, 32, 32), 5, torch.tensor([0]))
    assert torch.equal(found, torch.zeros(1, 3, 32, 32))

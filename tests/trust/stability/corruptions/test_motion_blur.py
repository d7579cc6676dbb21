"""The line of motion blur is that of ImageMagick, written out in the reference."""

import math

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor

from finetrust.trust.stability.corruptions.catalogue import corruptions
from finetrust.trust.stability.corruptions.motion_blur import random_angles, smear

pytest.importorskip("cv2")

from . import reference_blur_weather as reference


@given(
    angle=st.floats(-360, 360, width=32),
    radius=st.integers(1, 20),
    sigma=st.floats(0.5, 20),
    shape=st.tuples(st.integers(3, 50), st.integers(3, 50)),
)
def test_every_pixel_is_as_published_at_any_angle(
    angle: float, radius: int, sigma: float, shape: tuple[int, int]
) -> None:
    image = np.random.default_rng(0).random((*shape, 3))
    tensor = torch.from_numpy(image).float().permute(2, 0, 1)[None]
    found = smear(tensor, radius, sigma, torch.tensor([angle]))[0].permute(1, 2, 0)
    expected = reference.motion(image, radius, sigma, angle)
    np.testing.assert_allclose(found, expected, rtol=0, atol=1e-6)


def point(size: int = 21) -> Tensor:
    image = torch.zeros(1, 1, size, size)
    image[..., size // 2, size // 2] = 1
    return image


@pytest.mark.parametrize(
    ("angle", "step"), [(0, (0, -1)), (90, (-1, 0)), (-90, (1, 0)), (180, (0, 1))]
)
def test_a_point_becomes_half_a_gaussian_on_one_side(angle: int, step: tuple[int, int]) -> None:
    found = smear(point(), 3, 2.0, torch.tensor([float(angle)]))[0, 0]
    weights = np.exp(-(np.arange(7) ** 2) / 8)
    weights /= weights.sum()
    for i, weight in enumerate(weights):
        assert found[10 + i * step[0], 10 + i * step[1]] == pytest.approx(weight, abs=1e-6)
    assert found.sum() == pytest.approx(1, abs=1e-6)


def test_every_item_moves_at_its_own_angle() -> None:
    angles = torch.tensor([0.0, 30.0, -45.0])
    together = smear(point().expand(3, -1, -1, -1).contiguous(), 5, 3.0, angles)
    for i in range(3):
        assert torch.equal(together[i : i + 1], smear(point(), 5, 3.0, angles[i : i + 1]))
    assert not torch.equal(together[0], together[1])


def test_angles_are_uniform_on_their_range() -> None:
    angles = random_angles(torch.empty(20000, 1), torch.arange(20000), -135, -45)
    assert angles.min() >= -135
    assert angles.max() < -45
    assert float(angles.mean()) == pytest.approx(-90, abs=4 * 90 / math.sqrt(12 * 20000))
    assert float(angles.std()) == pytest.approx(90 / math.sqrt(12), rel=0.02)


def test_motion_stays_within_45_degrees_of_the_horizontal_and_fills_that_range() -> None:
    images = torch.zeros(200, 3, 61, 61)
    images[..., 30, 30] = 1
    blurred = corruptions.get("motion_blur")(images, 5, torch.arange(200))
    item, _, y, x = (blurred > 0).nonzero().T
    assert (x <= 30).all()
    assert ((y - 30).abs() <= 30 - x).all()
    # The line has 19 pixels: 18 steps at 45 degrees are 13 rows.
    assert y.min() < 30 - 10
    assert y.max() > 30 + 10
    assert len(item.unique()) == 200

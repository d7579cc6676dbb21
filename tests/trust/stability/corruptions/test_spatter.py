"""The drops of spatter are lit as by OpenCV."""

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from finetrust.trust.stability.corruptions.canny import canny
from finetrust.trust.stability.corruptions.catalogue import corruptions
from finetrust.trust.stability.corruptions.chamfer_distance import UNIT, chamfer_distance
from finetrust.trust.stability.corruptions.spatter import equalised, light_on_water

pytest.importorskip("cv2")

import cv2

from . import reference_blur_weather as reference

SHAPES = st.tuples(st.integers(3, 60), st.integers(3, 60))


def drops(shape: tuple[int, int], seed: int, sigma: float = 1.0) -> np.ndarray:
    """Return levels of water, 0 or more than 178: uint8 array (h, w)."""
    noise = reference.gaussian(np.random.default_rng(seed).normal(0.65, 0.3, shape), sigma)
    return np.where(noise < 0.69, 0, np.clip(noise, 0, 1) * 255).astype(np.uint8)


def batch(levels: np.ndarray) -> torch.Tensor:
    return torch.from_numpy(levels.astype(np.int32))[None]


@given(shape=SHAPES, seed=st.integers(0, 1000), sigma=st.sampled_from([0.7, 1.0, 2.0]))
def test_edges_are_those_of_opencv(shape: tuple[int, int], seed: int, sigma: float) -> None:
    water = drops(shape, seed, sigma)
    expected = cv2.Canny(water, 50, 150) > 0
    assert np.array_equal(canny(batch(water), 50, 150)[0].numpy(), expected)


@given(shape=SHAPES, seed=st.integers(0, 1000))
def test_edges_of_a_smooth_image_need_a_strong_one_to_hang_on(
    shape: tuple[int, int], seed: int
) -> None:
    noise = reference.gaussian(np.random.default_rng(seed).random(shape), 1.0)
    image = np.clip((noise - 0.5) * 400 + 128, 0, 255).astype(np.uint8)
    expected = cv2.Canny(image, 50, 150) > 0
    assert np.array_equal(canny(batch(image), 50, 150)[0].numpy(), expected)


def test_a_long_faint_edge_is_followed_to_its_end() -> None:
    image = np.zeros((64, 64), dtype=np.uint8)
    image[:, 32:] = 25
    image[:3, 32:] = 80
    expected = cv2.Canny(image, 50, 150) > 0
    assert expected[60].any()
    assert np.array_equal(canny(batch(image), 50, 150)[0].numpy(), expected)


@given(shape=SHAPES, seed=st.integers(0, 1000), share=st.sampled_from([0.0, 0.001, 0.01, 0.2]))
def test_distances_are_those_of_opencv(shape: tuple[int, int], seed: int, share: float) -> None:
    marked = np.random.default_rng(seed).random(shape) < share
    found = chamfer_distance(torch.from_numpy(marked)[None], 20)[0].numpy() / UNIT
    if not marked.any():
        assert (found == 20).all()
        return
    expected = cv2.distanceTransform((~marked).astype(np.uint8), cv2.DIST_L2, 5)
    np.testing.assert_allclose(found, np.minimum(expected, 20), rtol=0, atol=2e-4)


@given(shape=SHAPES, seed=st.integers(0, 1000), levels=st.integers(1, 21))
def test_levels_are_equalised_as_by_opencv(shape: tuple[int, int], seed: int, levels: int) -> None:
    depth = np.random.default_rng(seed).integers(0, levels, shape).astype(np.uint8)
    found, expected = equalised(batch(depth))[0].numpy(), cv2.equalizeHist(depth).astype(int)
    # Half a step may round up or down.
    assert np.abs(found - expected).max() <= 1
    assert len(np.unique(found)) == len(np.unique(expected))


@pytest.mark.parametrize("size", [32, 100, 224])
def test_light_is_that_of_the_published_program(size: int) -> None:
    rng = np.random.default_rng(size)
    for mean, deviation, sigma, threshold in ((0.62, 0.1, 0.7, 0.7), (0.65, 0.3, 2, 0.68)):
        noise = rng.normal(mean, deviation, (4, size, size))
        liquid = np.stack([reference.gaussian(item, sigma) for item in noise])
        levels = np.where(liquid < threshold, 0, liquid * 255).astype(np.int32)
        found = light_on_water(torch.from_numpy(levels)).numpy()
        for item, light in zip(noise, found, strict=True):
            expected = reference.wet_layer(item, sigma, threshold)
            # A distance on the border between two levels may round to either.
            assert np.abs(light - expected).max() < 0.05
            assert np.mean(light != expected.astype(np.float32)) < 0.01


def test_without_water_nothing_shines() -> None:
    assert torch.equal(
        light_on_water(torch.zeros(2, 16, 16, dtype=torch.int32)), torch.zeros(2, 16, 16)
    )


@pytest.mark.parametrize("size", [32, 224])
def test_water_only_adds_light_and_mud_takes_it_towards_brown(size: int) -> None:
    grey = torch.full((4, 3, size, size), 0.4)
    spatter = corruptions.get("spatter")
    water = spatter(grey, 3, torch.arange(4))
    assert (water >= 0.4).all()
    changed = (water - grey).amax(dim=(0, 2, 3))
    strongest = spatter.small[2][4] if size == 32 else spatter.large[2][4]
    turquoise = torch.tensor([175, 238, 238]) / 255
    torch.testing.assert_close(changed, (strongest * turquoise).clamp(max=0.6))
    muddy = spatter(grey, 5, torch.arange(4))
    brown = torch.tensor([63, 42, 20]) / 255
    assert (muddy <= 0.4).all()
    assert (muddy >= brown[:, None, None] - 1e-6).all()
    assert (muddy < 0.4).any()

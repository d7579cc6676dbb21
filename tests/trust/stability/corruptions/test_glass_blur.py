"""The shuffle of glass blur, done for all pixels at a time, is the published sequential one."""

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from finetrust.trust.stability.corruptions.glass_blur import random_steps, shuffled

pytest.importorskip("cv2")

from . import reference_blur_weather as reference


def sequential(down: np.ndarray, right: np.ndarray, reach: int) -> np.ndarray:
    """Return where the published program takes each pixel from, as flat positions (h, w)."""
    image = np.arange(down.size).reshape(*down.shape, 1)
    reference.shuffle(image, down, right, reach)
    return image[..., 0]


def at_once(down: np.ndarray, right: np.ndarray, reach: int) -> np.ndarray:
    sources = shuffled(torch.from_numpy(down)[None], torch.from_numpy(right)[None], reach)
    return sources[0].numpy().reshape(down.shape)


@given(
    seed=st.integers(0, 2**32 - 1),
    reach=st.integers(1, 4),
    shape=st.tuples(st.integers(2, 30), st.integers(2, 30)),
)
def test_it_gives_the_pixels_of_the_sequential_program(
    seed: int, reach: int, shape: tuple[int, int]
) -> None:
    rng = np.random.default_rng(seed)
    down, right = rng.integers(-reach, reach, (2, *shape))
    assert np.array_equal(at_once(down, right, reach), sequential(down, right, reach))


@pytest.mark.parametrize("step", [(1, 0), (0, 1), (1, 1), (1, -2), (0, -2), (-2, 1)])
def test_it_follows_the_longest_chains(step: tuple[int, int]) -> None:
    down, right = np.full((40, 33), step[0]), np.full((40, 33), step[1])
    assert np.array_equal(at_once(down, right, 2), sequential(down, right, 2))


def test_items_of_a_batch_are_shuffled_each_for_itself() -> None:
    rng = np.random.default_rng(0)
    down, right = rng.integers(-3, 3, (2, 4, 20, 24))
    together = shuffled(torch.from_numpy(down), torch.from_numpy(right), 3)
    for i in range(4):
        expected = sequential(down[i], right[i], 3)
        assert np.array_equal(together[i].numpy().reshape(20, 24), expected)


@pytest.mark.parametrize("reach", [1, 2, 3, 4])
def test_steps_are_uniform_and_independent(reach: int) -> None:
    down, right = random_steps(200_000, reach, torch.tensor([7]), stream=0)
    cells = ((down + reach) * 2 * reach + right + reach).flatten().numpy()
    counts = np.bincount(cells, minlength=4 * reach**2)
    assert len(counts) == 4 * reach**2
    assert stats.chisquare(counts).pvalue > 0.001


def test_every_round_has_steps_of_its_own() -> None:
    first, second = (random_steps(100, 2, torch.tensor([7]), stream=i)[0] for i in (0, 1))
    assert not torch.equal(first, second)

"""Noise of many copies: normal, independent, and the same in any company."""

import numpy as np
import pytest
import torch
from scipy import stats

from finetrust.trust.stability.smoothing.gaussian import gaussian


def noise(copies: int, seed: int = 5, shape: tuple[int, ...] = (3, 16, 16)) -> torch.Tensor:
    images = torch.zeros(copies, *shape)
    return gaussian(images, torch.full((copies,), seed), torch.arange(copies))


def test_it_is_normal_as_far_as_four_deviations():
    values = noise(1300).flatten().double().numpy()
    assert stats.kstest(values, "norm").pvalue > 0.01
    for far in (2, 3, 4):
        expected = 2 * stats.norm.sf(far) * len(values)
        assert (np.abs(values) > far).sum() == pytest.approx(expected, abs=4 * expected**0.5)
    assert np.isfinite(values).all()


@pytest.mark.parametrize("axis", ["copies", "items", "places"])
def test_copies_items_and_places_are_independent(axis):
    if axis == "items":
        seeds = torch.arange(400)
        drawn = gaussian(torch.zeros(400, 3, 16, 16), seeds, torch.zeros(400).long())
    else:
        drawn = noise(400)
    rows = drawn.flatten(1).double().numpy()
    rows = rows.T[:400] if axis == "places" else rows
    correlations = np.corrcoef(rows)[np.triu_indices(len(rows), 1)]
    assert np.abs(correlations).max() < 5.5 / rows.shape[1] ** 0.5
    assert correlations.std() == pytest.approx(1 / rows.shape[1] ** 0.5, rel=0.03)


def test_a_copy_has_the_same_noise_in_any_batch():
    whole = noise(20)
    rows = torch.tensor([7, 3, 19])
    some = gaussian(torch.zeros(3, 3, 16, 16), torch.full((3,), 5), rows)
    assert torch.equal(whole[rows], some)
    assert not torch.equal(whole, noise(20, seed=6))
    assert noise(4, shape=(3, 5, 5)).shape == (4, 3, 5, 5)

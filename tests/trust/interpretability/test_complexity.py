"""Entropy and Gini index of maps: those of SciPy and of the definition, with known ends."""

import math

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from finetrust.trust.interpretability.complexity import entropy, gini


def test_they_agree_with_scipy_and_with_the_mean_difference() -> None:
    maps = torch.randn(6, 5, 8)
    for heat, e, g in zip(maps, entropy(maps), gini(maps), strict=True):
        strength = heat.double().abs().numpy().ravel()
        assert e.item() == pytest.approx(stats.entropy(strength / strength.sum()))
        differences = np.abs(strength[:, None] - strength).mean()
        assert g.item() == pytest.approx(differences / (2 * strength.mean()))


def test_a_constant_map_and_a_single_place_are_the_ends() -> None:
    maps = torch.full((2, 4, 5), -3.0)
    maps[1] = 0
    maps[1, 2, 2] = 0.1
    assert entropy(maps).tolist() == pytest.approx([math.log(20), 0], abs=1e-12)
    assert gini(maps).tolist() == pytest.approx([0, 0.95], abs=1e-12)


def test_an_empty_map_and_one_that_is_not_finite_have_no_figure() -> None:
    maps = torch.zeros(3, 4, 4)
    maps[1, 0, 0], maps[2, 0, 0] = torch.nan, torch.inf
    assert entropy(maps).isnan().all()
    assert gini(maps).isnan().all()


@given(st.integers(0, 1000), st.floats(1e-6, 1e6))
def test_they_are_bounded_and_the_unit_does_not_matter(seed: int, factor: float) -> None:
    maps = torch.randn(3, 6, 7, generator=torch.Generator().manual_seed(seed)).double()
    for figure, most in ((entropy, math.log(42)), (gini, 1 - 1 / 42)):
        found = figure(maps)
        assert ((found >= 0) & (found <= most + 1e-12)).all()
        torch.testing.assert_close(figure(-factor * maps), found)

"""The mean map of a class and the share of the heat in a region, from maps with known answers."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from finetrust.core.errors import NotApplicable
from finetrust.trust.interpretability.shortcuts.reliance import energy_shares, mean_heat, reliance


def test_every_item_counts_the_same_in_the_mean_map() -> None:
    heat = torch.zeros(4, 2, 2)
    heat[0, 0, 0], heat[1, 1, 1], heat[2, 0, 1], heat[2, 1, 0] = 100.0, 1.0, 3.0, -5.0
    maps = mean_heat(heat, torch.tensor([0, 0, 2, 2]))
    assert maps.keys() == {0, 2}
    assert torch.equal(maps[0], torch.tensor([[0.5, 0], [0, 0.5]]))
    assert torch.equal(maps[2], torch.tensor([[0.0, 1], [0, 0]]))


def test_a_class_without_any_heat_has_no_map() -> None:
    assert mean_heat(torch.zeros(3, 2, 2), torch.tensor([0, 1, 1])) == {}


def test_even_heat_lies_in_a_region_as_much_as_the_pixels_do() -> None:
    region = torch.zeros(8, 8, dtype=torch.bool)
    region[:2] = True
    found = reliance(torch.ones(20, 8, 8), region)
    assert found.value == pytest.approx(0.25)
    assert found.even == 0.25
    assert found.ci_low < 0.25 < found.ci_high
    assert found.n == 20


def test_a_region_may_differ_between_items_and_items_without_heat_do_not_count() -> None:
    heat = torch.zeros(3, 2, 2)
    heat[0], heat[1, 0, 0] = 1.0, 2.0
    region = torch.tensor([[[1, 1], [1, 0]], [[0, 1], [1, 1]], [[1, 1], [1, 1]]]).bool()
    assert energy_shares(heat, region)[:2].tolist() == [0.75, 0.0]
    assert np.isnan(energy_shares(heat, region)[2])
    found = reliance(heat, region)
    assert (found.value, found.even, found.n) == (0.375, 0.75, 2)


def test_no_heat_at_all_is_told() -> None:
    with pytest.raises(NotApplicable, match="positive heat"):
        reliance(torch.zeros(3, 2, 2), torch.ones(2, 2, dtype=torch.bool))


@given(
    arrays(np.float32, (4, 5, 5), elements=st.floats(-1, 1, width=16)),
    arrays(np.bool_, (5, 5)),
)
@settings(max_examples=50, deadline=None)
def test_a_region_and_the_rest_share_all_heat(heat: np.ndarray, region: np.ndarray) -> None:
    maps, inside = torch.from_numpy(heat), torch.from_numpy(region)
    both = energy_shares(maps, inside) + energy_shares(maps, ~inside)
    some = (heat > 0).any(axis=(1, 2))
    assert np.allclose(both[some], 1)
    assert np.isnan(both[~some]).all()

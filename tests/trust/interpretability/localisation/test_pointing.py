"""A map points at the object with its peak and with its energy; chance is the share of its area."""

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from finetrust.trust.interpretability.localisation.pointing import energy_pointing, pointing_game

from ..square_reader import perfect_maps, square_masks

AREA = 36 / 576


def test_a_perfect_map_points_at_the_square_and_its_opposite_away() -> None:
    masks = square_masks(2)
    maps = torch.stack([perfect_maps(1)[0], 1 - perfect_maps(1)[0]])
    assert pointing_game(maps, masks).tolist() == [1, 0]
    assert energy_pointing(maps, masks).tolist() == [1, 0]


def test_a_constant_map_scores_the_share_of_the_area() -> None:
    masks = square_masks(1)
    assert pointing_game(torch.zeros(1, 24, 24), masks).item() == pytest.approx(AREA)
    assert energy_pointing(torch.full((1, 24, 24), 3.0), masks).item() == pytest.approx(AREA)


def test_what_speaks_against_the_class_is_no_energy() -> None:
    maps = perfect_maps(1)
    maps[0, 0, 0] = -100
    assert energy_pointing(maps, square_masks(1)).item() == 1


def test_without_a_map_or_an_object_there_is_no_figure() -> None:
    maps, masks = perfect_maps(4), square_masks(4)
    maps[1, 0, 0] = torch.nan
    maps[2, 0, 0] = torch.inf
    masks[3] = False
    for figure in (pointing_game, energy_pointing):
        assert figure(maps, masks).isnan().tolist() == [False, True, True, True]
    assert energy_pointing(-perfect_maps(1), square_masks(1)).isnan().all()


def test_they_agree_with_plain_loops() -> None:
    maps, masks = torch.randn(20, 9, 7), torch.rand(20, 9, 7) < 0.3
    points, energy = pointing_game(maps, masks), energy_pointing(maps, masks)
    for i in range(20):
        heat, mask = maps[i].numpy(), masks[i].numpy()
        assert points[i] == mask[np.unravel_index(heat.argmax(), heat.shape)]
        assert energy[i].item() == pytest.approx(
            heat[mask & (heat > 0)].sum() / heat[heat > 0].sum()
        )


@given(st.integers(0, 1000), st.floats(0.001, 1000))
def test_they_are_bounded_and_only_the_order_or_the_shares_matter(seed: int, factor: float) -> None:
    generator = torch.Generator().manual_seed(seed)
    maps = torch.randint(1, 9, (5, 6, 6), generator=generator).double()
    masks = torch.rand(5, 6, 6, generator=generator) < 0.5
    for figure in (pointing_game, energy_pointing):
        found = figure(maps, masks)
        assert ((found >= 0) & (found <= 1)).all()
        torch.testing.assert_close(figure(factor * maps, masks), found)
        torch.testing.assert_close(found + figure(maps, ~masks), torch.ones(5).double())
    assert torch.equal(pointing_game(maps**3 - 7, masks), pointing_game(maps, masks))

"""Maps agree by rank as SciPy has it, by their highest places, and by structure."""

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import spearmanr

from finetrust.trust.interpretability.agreement import (
    order_kept,
    rank_correlation,
    structural_similarity,
    top_overlap,
)

FIGURES = (rank_correlation, top_overlap, structural_similarity)


def test_rank_correlation_is_that_of_scipy_with_ties() -> None:
    maps, others = torch.randint(0, 6, (8, 7, 9)).float(), torch.randn(8, 7, 9)
    expected = [
        spearmanr(m.ravel(), o.ravel()).statistic for m, o in zip(maps, others, strict=True)
    ]
    np.testing.assert_allclose(rank_correlation(maps, others), expected, atol=1e-12)


def test_the_highest_places_are_counted() -> None:
    maps, others = torch.randn(6, 10, 10), torch.randn(6, 10, 10)
    for m, o, found in zip(maps, others, top_overlap(maps, others, 0.2), strict=True):
        highest = [set(x.flatten().argsort(descending=True)[:20].tolist()) for x in (m, o)]
        assert found.item() == pytest.approx(len(highest[0] & highest[1]) / 20)


def test_tied_places_count_in_part_and_not_by_where_they_are_stored() -> None:
    maps, others = torch.zeros(1, 10, 10), torch.zeros(1, 10, 10)
    maps[0, 0, 0], others[0, 9, 9] = 1, 1
    # Of 10 places one is certain and in the other map one of 99 that share nine; these have 98 in common.
    assert top_overlap(maps, others).item() == pytest.approx((2 + 98) * 9 / 99 / 10)
    others = torch.rand(2000, 10, 10)
    sparse = torch.zeros(2000, 10, 10)
    sparse[:, 3, 3] = 1
    assert top_overlap(sparse, others).mean().item() == pytest.approx(0.1, abs=0.01)


def test_structural_similarity_is_that_of_scikit_image() -> None:
    metrics = pytest.importorskip("skimage.metrics")
    maps = torch.rand(4, 20, 16).double()
    others = maps + 0.3 * torch.randn(4, 20, 16).double()
    for m, o, found in zip(maps, others, structural_similarity(maps, others), strict=True):
        one, two = ((x - x.min()) / (x.max() - x.min()) for x in (m.numpy(), o.numpy()))
        expected = metrics.structural_similarity(one, two, win_size=7, data_range=1)
        assert found.item() == pytest.approx(expected, abs=1e-9)


def test_a_map_is_like_itself_and_unlike_its_opposite() -> None:
    maps = torch.randn(3, 12, 12)
    for figure in FIGURES:
        assert figure(maps, maps).tolist() == pytest.approx([1, 1, 1])
    assert rank_correlation(maps, -maps).tolist() == pytest.approx([-1, -1, -1])
    assert (top_overlap(maps, -maps) == 0).all()
    assert (structural_similarity(maps, -maps) < 0).all()


def test_a_constant_map_has_no_order_and_one_that_is_not_finite_no_figure() -> None:
    maps = torch.randn(2, 9, 9)
    others = maps.clone()
    others[0] = 2
    assert rank_correlation(maps, others).isnan().tolist() == [True, False]
    assert top_overlap(others, maps).isnan().tolist() == [True, False]
    assert structural_similarity(maps, others).isfinite().all()
    others[1, 0, 0] = torch.nan
    for figure in FIGURES:
        assert figure(maps, others)[1].isnan()


def test_maps_smaller_than_a_window_are_compared_too() -> None:
    maps = torch.randn(2, 4, 3)
    assert structural_similarity(maps, maps).tolist() == pytest.approx([1, 1])


@given(st.integers(0, 1000))
def test_they_are_bounded_and_symmetric_and_ranks_do_not_know_the_scale(seed: int) -> None:
    generator = torch.Generator().manual_seed(seed)
    maps, others = torch.randint(-5, 6, (2, 3, 8, 9), generator=generator).double()
    for figure in FIGURES:
        found = figure(maps, others)
        assert (found.abs() <= 1).all()
        torch.testing.assert_close(figure(others, maps), found)
    for figure in (rank_correlation, top_overlap):
        torch.testing.assert_close(figure(maps**3 / 4 + 2, others), figure(maps, others))


def test_of_one_method_equal_maps_keep_their_order_and_one_that_fades_keeps_none() -> None:
    maps = torch.randn(5, 6, 6)
    others = torch.randn(5, 6, 6)
    maps[1] = others[1] = 3
    others[2] = 0
    others[3] = maps[3]
    maps[4, 0, 0] = torch.nan
    found = order_kept(maps, others)
    assert found[0] == rank_correlation(maps, others)[0]
    assert found[1:4].tolist() == [1, 0, 1]
    assert found[4].isnan()

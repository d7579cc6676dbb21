"""The best overlap over all thresholds is that of trying every threshold."""

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from finetrust.trust.interpretability.localisation.best_iou import best_iou

from ..square_reader import perfect_maps, square_masks


def test_a_perfect_map_overlaps_fully_and_a_constant_one_by_the_area() -> None:
    maps = torch.stack([perfect_maps(1)[0], torch.zeros(24, 24)])
    assert best_iou(maps, square_masks(2)).tolist() == pytest.approx([1, 36 / 576])


@given(st.integers(0, 1000))
def test_it_is_the_best_of_all_thresholds_whatever_the_scale(seed: int) -> None:
    generator = torch.Generator().manual_seed(seed)
    maps = torch.randint(-4, 5, (2, 5, 7), generator=generator).double()
    masks = torch.rand(2, 5, 7, generator=generator) < 0.3
    masks[:, 0, 0] = True
    found = best_iou(maps, masks)
    for heat, mask, best in zip(maps, masks, found, strict=True):
        taken = [heat >= t for t in heat.unique()]
        tried = [(t & mask).sum().item() / (t | mask).sum().item() for t in taken]
        assert best.item() == pytest.approx(max(tried))
    assert torch.equal(best_iou(maps**3 + 2, masks), found)
    assert ((found > 0) & (found <= 1)).all()


def test_without_a_map_or_an_object_there_is_no_figure() -> None:
    maps, masks = perfect_maps(3), square_masks(3)
    maps[1, 0, 0] = torch.nan
    masks[2] = False
    assert best_iou(maps, masks).isnan().tolist() == [False, True, True]

"""Holes of every shape are filled as a direct solver of the sparse system fills them."""

import numpy as np
import pytest
import torch

from finetrust.trust.interpretability.faithfulness.replacements.multigrid import filled
from finetrust.trust.stability.corruptions.gaussian_filter import gaussian_filter

from .direct_solver import solved


def frame(height: int, width: int) -> torch.Tensor:
    """All but the outermost places: the widest hole that is known all around."""
    hole = torch.zeros(1, height, width)
    hole[:, 1:-1, 1:-1] = 1
    return hole


def one_left(height: int, width: int) -> torch.Tensor:
    hole = torch.ones(1, height, width)
    hole[0, 2, 3] = hole[0, -1, -1] = 0
    return hole


def half(height: int, width: int) -> torch.Tensor:
    hole = torch.zeros(1, height, width)
    hole[:, : height // 2 + 1] = 1
    return hole


def blobs(height: int, width: int) -> torch.Tensor:
    values = gaussian_filter(torch.rand(1, 1, height, width), 3)[:, 0]
    return (values > values.quantile(0.4)).float()


def grains(height: int, width: int) -> torch.Tensor:
    return (torch.rand(1, height, width) < 0.9).float()


@pytest.mark.parametrize("size", [(64, 48), (65, 49), (33, 64), (3, 40)])
@pytest.mark.parametrize("shape", [frame, one_left, half, blobs, grains])
def test_it_agrees_with_a_direct_solver(shape, size) -> None:
    torch.manual_seed(0)
    plane, hole = torch.rand(1, *size), shape(*size)
    found = filled(plane, hole, torch.full((1, 1, 1), 0.5))
    expected = solved(plane[0].double().numpy(), hole[0].bool().numpy())
    np.testing.assert_allclose(found[0][hole[0].bool()].numpy(), expected, atol=1e-3)
    assert not found[hole == 0].any()


def test_a_plane_comes_out_the_same_beside_any_others() -> None:
    planes = torch.rand(5, 40, 40)
    hole = torch.cat([blobs(40, 40), grains(40, 40), frame(40, 40), one_left(40, 40), half(40, 40)])
    start = torch.full((5, 1, 1), 0.5)
    together = filled(planes, hole, start)
    alone = [filled(*(part[k : k + 1] for part in (planes, hole, start))) for k in range(5)]
    assert torch.equal(together, torch.cat(alone))

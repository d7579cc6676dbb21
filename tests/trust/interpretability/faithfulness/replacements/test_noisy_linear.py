"""Gone pixels are the weighted means of their neighbours: as a direct solver of the system finds them."""

import numpy as np
import pytest
import torch
from torch import Tensor

from finetrust.trust.interpretability.faithfulness.replacements.noisy_linear import (
    NOISE,
    linear_imputation,
    noisy_linear,
)
from finetrust.trust.stability.corruptions.gaussian_filter import gaussian_filter

from .direct_solver import solved


def holes(kind: str, share: float, n: int, height: int, width: int) -> Tensor:
    values = torch.rand(n, 1, height, width)
    if kind == "blobs":
        values = gaussian_filter(values, 3)
    flat = values.flatten(1)
    least = flat.kthvalue(max(1, round((1 - share) * flat.shape[1])), dim=1).values
    return values[:, 0] > least[:, None, None]


@pytest.mark.parametrize("kind", ["blobs", "grains"])
@pytest.mark.parametrize("share", [0.1, 0.5, 0.9])
def test_it_agrees_with_a_direct_solver(kind: str, share: float) -> None:
    images, gone = torch.rand(3, 3, 27, 22), holes(kind, share, 3, 27, 22)
    found = linear_imputation(images, gone)
    for image, hole, filled in zip(images, gone, found, strict=True):
        expected = image.double().numpy()
        expected[:, hole] = [solved(plane, hole.numpy()) for plane in expected]
        np.testing.assert_allclose(filled.numpy(), expected, atol=1e-3)


def test_a_slope_is_continued_and_a_constant_image_stays() -> None:
    slope = torch.linspace(0, 1, 20).expand(1, 1, 20, 20)
    gone = torch.zeros(1, 20, 20, dtype=torch.bool)
    gone[:, 5:15, 5:15] = True
    torch.testing.assert_close(linear_imputation(slope, gone), slope, atol=1e-4, rtol=0)
    constant = torch.full((1, 3, 20, 20), 0.3)
    torch.testing.assert_close(linear_imputation(constant, gone), constant, atol=1e-5, rtol=0)


def test_where_nothing_is_left_all_is_grey_and_where_all_is_left_nothing_changes() -> None:
    images = torch.rand(2, 3, 16, 16)
    gone = torch.zeros(2, 16, 16, dtype=torch.bool)
    gone[1] = True
    found = linear_imputation(images, gone)
    assert torch.equal(found[0], images[0])
    torch.testing.assert_close(found[1], torch.full((3, 16, 16), 0.5), atol=1e-5, rtol=0)


def test_the_noise_has_its_standard_deviation_and_lies_in_the_holes_only() -> None:
    images, gone = torch.full((1, 3, 64, 64), 0.4), holes("grains", 0.5, 1, 64, 64)
    found = noisy_linear(images, torch.tensor([3]))(gone[None])[0]
    difference = (found - images).transpose(0, 1)[:, gone]
    assert abs(difference.std().item() - NOISE) < 5e-4
    assert abs(difference.mean().item()) < 5e-4
    assert torch.equal(found.transpose(0, 1)[:, ~gone], images.transpose(0, 1)[:, ~gone])

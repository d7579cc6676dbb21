"""Kernel SHAP: exact for linear networks, close to exact Shapley values and to captum's otherwise."""

from itertools import combinations
from math import factorial

import numpy as np
import pytest
import torch
from captum.attr import KernelShap as CaptumKernelShap
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn

from finetrust.trust.interpretability.attributions.attribution import Explained
from finetrust.trust.interpretability.attributions.kernel_shap import KernelShap
from finetrust.trust.interpretability.attributions.superpixels import superpixels

from .networks import Linear, cnn, images_of, two_squares

TARGETS = torch.tensor([1, 3])


def regions_of(image: torch.Tensor, count: int) -> np.ndarray:
    return superpixels(image.permute(1, 2, 0).double().numpy(), count)


def summed(parts: np.ndarray, regions: np.ndarray) -> np.ndarray:
    return np.bincount(regions.ravel(), parts.ravel())


@settings(max_examples=8, deadline=None)
@given(st.integers(0, 99))
def test_of_a_linear_network_a_region_has_the_parts_of_its_pixels(seed: int) -> None:
    network, images, replaced = Linear(24, seed), images_of(2, seed=seed), images_of(2, seed=7)
    explained = Explained(network, baselines=replaced, seeds=torch.tensor([seed, 1]))
    found = KernelShap(pairs=60, regions=16)(explained, images, TARGETS).double().numpy()
    weights = network.weights[TARGETS].detach()
    parts = ((images - replaced.mean(dim=0)) * weights).sum(dim=1).double().numpy()
    for heat, image, expected in zip(found, images, parts, strict=True):
        regions = regions_of(image, 16)
        np.testing.assert_allclose(
            summed(heat, regions), summed(expected, regions), rtol=1e-3, atol=1e-3
        )
        spread = [np.ptp(heat[regions == r]) for r in range(regions.max() + 1)]
        assert max(spread) == 0


def exact(
    network: nn.Module, image: torch.Tensor, regions: np.ndarray, target: int, hidden: torch.Tensor
) -> np.ndarray:
    """Return the Shapley values by going through all coalitions."""
    players = regions.max() + 1

    def score(coalition: tuple[int, ...]) -> float:
        seen = torch.from_numpy(np.isin(regions, coalition))
        with torch.no_grad():
            return float(network(torch.where(seen, image, hidden)[None])[0, target])

    scores = {c: score(c) for s in range(players + 1) for c in combinations(range(players), s)}
    values = np.zeros(players)
    for coalition, value in scores.items():
        for player in set(range(players)) - set(coalition):
            size = len(coalition)
            share = factorial(size) * factorial(players - size - 1) / factorial(players)
            more = tuple(sorted((*coalition, player)))
            values[player] += share * (scores[more] - value)
    return values


def test_it_estimates_the_shapley_values() -> None:
    network, images = cnn(), two_squares(2)
    network[-1].weight.data *= 5
    found = KernelShap(pairs=2000, regions=9)(Explained(network), images, TARGETS)
    for heat, image, target in zip(found.double().numpy(), images, TARGETS.tolist(), strict=True):
        regions = regions_of(image, 9)
        mean = image.mean(dim=(1, 2), keepdim=True)
        values = exact(network, image, regions, target, mean)
        ours = summed(heat, regions)
        assert ours.sum() == pytest.approx(values.sum(), abs=1e-4)
        assert np.abs(ours - values).max() < 0.03 * np.abs(values).max()


class Gloves(nn.Module):
    """The upper left ninth is worth something with any one of the others, and nothing alone."""

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        seen = nn.functional.adaptive_max_pool2d(images[:, :1, 1::2, 1::2], 3).flatten(1)
        value = seen[:, 0] * seen[:, 1:].amax(dim=1)
        return torch.stack([-value, value], dim=1)


def test_it_estimates_the_shapley_values_of_a_game_far_from_a_sum() -> None:
    image, black = torch.ones(3, 24, 24), torch.zeros(3, 24, 24)
    regions = np.arange(24)[:, None] // 8 * 3 + np.arange(24)[None] // 8
    assert np.array_equal(regions_of(image, 9), regions)
    explained = Explained(Gloves(), baselines=black[None], seeds=torch.tensor([3]))
    found = KernelShap(pairs=4000, regions=9)(explained, image[None], TARGETS[:1])
    values = exact(Gloves(), image, regions, 1, black)
    np.testing.assert_allclose(summed(found[0].double().numpy(), regions), values, atol=0.015)


def test_it_agrees_with_captums() -> None:
    network, image = cnn(), two_squares(1)
    regions = regions_of(image[0], 9)
    torch.manual_seed(0)
    theirs = (
        CaptumKernelShap(network)
        .attribute(
            image,
            image.mean(dim=(2, 3), keepdim=True).expand_as(image),
            target=1,
            feature_mask=torch.from_numpy(regions)[None, None],
            n_samples=1500,
            perturbations_per_eval=100,
        )[0, 0]
        .numpy()
    )
    found = KernelShap(pairs=750, regions=9)(Explained(network), image, TARGETS[:1])
    ours = summed(found[0].double().numpy(), regions)
    expected = np.array([theirs[regions == r][0] for r in range(regions.max() + 1)])
    np.testing.assert_allclose(ours, expected, atol=0.05 * np.abs(expected).max())

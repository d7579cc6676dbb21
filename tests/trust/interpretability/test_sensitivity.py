"""How far maps move: by captum's measure, 0 for what does not move, and by the item's seed alone."""

import pytest
import torch
from captum.metrics import sensitivity_max
from torch import Tensor

from finetrust.trust.interpretability.faithfulness.baseline_maps import random_maps
from finetrust.trust.interpretability.sensitivity import sensitivity

from .square_reader import small_network


def gradient(images: Tensor, targets: Tensor, seeds: Tensor) -> Tensor:
    pixels = images.clone().requires_grad_(True)
    network = small_network(3)
    with torch.enable_grad():
        of_target = network(pixels).gather(1, targets[:, None]).sum()
    return torch.autograd.grad(of_target, pixels)[0].sum(1)


def brightness(images: Tensor, targets: Tensor, seeds: Tensor) -> Tensor:
    return images.sum(1)


def test_it_agrees_with_captum_on_the_same_noise() -> None:
    images, targets, seeds = torch.rand(3, 3, 16, 16), torch.tensor([0, 1, 4]), torch.arange(3)
    noisy = []

    def watched(*arguments: Tensor) -> Tensor:
        noisy.append(arguments[0])
        return gradient(*arguments)

    found = sensitivity(watched, images, targets, seeds, samples=5, at_once=3)
    copies = iter(noisy[1:])

    def explain(inputs: Tensor | tuple[Tensor]) -> tuple[Tensor]:
        pixels = inputs[0] if isinstance(inputs, tuple) else inputs
        return (gradient(pixels, targets, seeds),)

    expected = sensitivity_max(
        explain, images, lambda inputs, _: next(copies), n_perturb_samples=5,
        max_examples_per_batch=3,
    )  # fmt: skip
    torch.testing.assert_close(found.largest, expected.double(), rtol=1e-3, atol=1e-6)
    assert (found.average <= found.largest).all()
    assert (found.average > 0).all()


def test_the_noise_stays_within_its_radius_and_the_range_of_pixels() -> None:
    images, targets, seeds = torch.rand(4, 3, 16, 16), torch.zeros(4).long(), torch.arange(4)
    images[0, :, :4] = 0
    seen = []

    def watched(pixels: Tensor, targets: Tensor, seeds: Tensor) -> Tensor:
        seen.append(pixels)
        return pixels.sum(1)

    sensitivity(watched, images, targets, seeds, radius=0.05, samples=6, at_once=4)
    moved = torch.stack(seen[1:]) - images
    assert len(moved) == 6
    assert moved.abs().max() <= 0.05 + 1e-6
    assert moved.abs().max() > 0.049
    assert torch.stack(seen).min() == 0
    assert torch.stack(seen).max() <= 1
    assert len({part.sum().item() for part in moved}) == 6


@pytest.mark.parametrize("at_once", [1, 2, 5, 30])
def test_figures_depend_on_the_item_and_not_on_the_batch(at_once: int) -> None:
    images, targets = torch.rand(5, 3, 16, 16), torch.tensor([0, 1, 4, 2, 2])
    seeds = torch.tensor([8, 3, 5, 1, 0])
    expected = sensitivity(gradient, images, targets, seeds, samples=4)
    order = torch.tensor([3, 1, 4])
    found = sensitivity(
        gradient, images[order], targets[order], seeds[order], samples=4, at_once=at_once
    )
    torch.testing.assert_close(found.largest, expected.largest[order], rtol=1e-4, atol=1e-5)
    torch.testing.assert_close(found.average, expected.average[order], rtol=1e-4, atol=1e-5)


def test_a_map_that_does_not_read_the_pixels_does_not_move() -> None:
    images, targets, seeds = torch.rand(3, 3, 8, 8), torch.zeros(3).long(), torch.arange(3)
    found = sensitivity(lambda x, t, s: random_maps(x, s), images, targets, seeds)
    assert (found.largest == 0).all()


def test_a_linear_map_moves_by_the_noise_relative_to_the_image() -> None:
    images, targets, seeds = torch.full((2, 3, 32, 32), 0.5), torch.zeros(2).long(), torch.arange(2)
    found = sensitivity(brightness, images, targets, seeds, radius=0.1)
    expected = 0.1 / 3**0.5 * 3**0.5 / 1.5
    assert found.average.tolist() == pytest.approx([expected, expected], rel=0.05)


def test_maps_without_a_length_have_no_figure() -> None:
    images, targets, seeds = torch.rand(3, 3, 8, 8), torch.zeros(3).long(), torch.arange(3)

    def broken(pixels: Tensor, targets: Tensor, seeds: Tensor) -> Tensor:
        maps = pixels.sum(1)
        maps[seeds == 0] = 0
        maps[seeds == 2] = torch.nan
        return maps

    found = sensitivity(broken, images, targets, seeds)
    assert found.largest.isnan().tolist() == [True, False, True]
    assert found.average.isnan().tolist() == [True, False, True]
    assert sensitivity(brightness, images[:0], targets[:0], seeds[:0]).largest.shape == (0,)

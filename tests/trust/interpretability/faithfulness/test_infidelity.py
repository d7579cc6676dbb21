"""Infidelity agrees with captum and with the definition, and is 0 for the right explanation."""

import numpy as np
import pytest
import torch
from captum.metrics import infidelity as infidelity_of_captum
from hypothesis import given
from hypothesis import strategies as st

from finetrust.trust.interpretability.faithfulness.baseline_maps import random_maps
from finetrust.trust.interpretability.faithfulness.infidelity import infidelity, square_removals
from finetrust.trust.interpretability.faithfulness.replacements.replacement import replacements

from ..square_reader import SQUARE, SquareReader, bright_squares, small_network

BLACK = replacements.get("black")


def indicators(squares: torch.Tensor, size: int) -> torch.Tensor:
    """Return the squares (n, k, 4) as masks: float32 (n, k, size, size)."""
    masks = torch.zeros(*squares.shape[:2], size, size)
    for i, of_item in enumerate(squares.tolist()):
        for k, (top, left, bottom, right) in enumerate(of_item):
            masks[i, k, top:bottom, left:right] = 1
    return masks


@pytest.mark.parametrize("scaled", [False, True])
def test_it_agrees_with_captum_on_the_same_squares(scaled: bool) -> None:
    network, images = small_network(channels=1), torch.rand(4, 1, 16, 16)
    targets, maps, seeds = torch.arange(4), torch.randn(4, 16, 16), torch.arange(4)
    removals = square_removals(network, images, targets, seeds, BLACK, count=12)
    masks = iter(indicators(removals.squares, 16).unbind(1))

    def perturbed(inputs: torch.Tensor):
        gone = next(masks)[:, None]
        return gone, inputs * (1 - gone)

    expected = infidelity_of_captum(
        network, perturbed, images, maps[:, None], target=targets, n_perturb_samples=12,
        max_examples_per_batch=4, normalize=scaled,
    ).double()  # fmt: skip
    if scaled:
        expected = expected / removals.drops.square().mean(1)
    torch.testing.assert_close(infidelity(removals, maps, scaled), expected, rtol=1e-3, atol=1e-6)


def test_the_contributions_of_a_linear_network_foretell_everything_and_random_maps_do_not() -> None:
    images, targets, seeds = bright_squares(6)
    contributions = torch.zeros(6, *images.shape[2:])
    rows, columns = SQUARE
    contributions[:, rows, columns] = 12 * images[:, :, rows, columns].sum(1) / (3 * 36)
    removals = square_removals(SquareReader(), images, targets, seeds, BLACK)
    assert infidelity(removals, contributions, scaled=False).max() < 1e-9
    assert infidelity(removals, 1e-6 * contributions).max() < 1e-9
    assert infidelity(removals, -contributions).max() < 1e-9
    assert (infidelity(removals, random_maps(images, seeds)) > 0.1).all()


def test_drops_are_those_of_the_target_in_batches_of_any_size() -> None:
    network, images = small_network(), torch.rand(5, 3, 16, 16)
    targets, seeds = torch.tensor([4, 0, 2, 2, 1]), torch.arange(5)
    found = square_removals(network, images, targets, seeds, BLACK, count=7)
    gone = indicators(found.squares, 16)
    with torch.no_grad():
        for i in range(5):
            shown = images[i] * (1 - gone[i][:, None])
            expected = network(images[i : i + 1])[0, targets[i]] - network(shown)[:, targets[i]]
            np.testing.assert_allclose(found.drops[i], expected, atol=1e-5)
    for at_once in (1, 3, 11):
        other = square_removals(network, images, targets, seeds, BLACK, 7, at_once)
        torch.testing.assert_close(other.drops, found.drops, atol=1e-5, rtol=0)
    alone = square_removals(network, images[2:3], targets[2:3], seeds[2:3], BLACK, 7)
    assert torch.equal(alone.squares[0], found.squares[2])


def test_squares_fit_into_the_image_and_reach_every_place() -> None:
    images, targets, seeds = torch.rand(40, 3, 16, 24), torch.zeros(40).long(), torch.arange(40)
    squares = square_removals(small_network(), images, targets, seeds, BLACK, 50).squares
    top, left, bottom, right = squares.flatten(0, 1).unbind(1)
    assert torch.equal(bottom - top, right - left)
    assert set((bottom - top).tolist()) == set(range(2, 9))
    assert (top.min(), left.min(), bottom.max(), right.max()) == (0, 0, 16, 24)


def test_what_says_nothing_foretells_nothing_and_what_is_not_finite_has_no_figure() -> None:
    images, targets, seeds = bright_squares(3)
    removals = square_removals(SquareReader(), images, targets, seeds, BLACK)
    maps = torch.zeros(3, *images.shape[2:])
    maps[1, 2, 3] = torch.nan
    found = infidelity(removals, maps)
    assert found[[0, 2]].tolist() == [1, 1]
    assert found[1].isnan()
    still = square_removals(lambda x: x.new_ones(len(x), 2), images, targets, seeds, BLACK)
    assert infidelity(still, maps).isnan().all()


@given(st.integers(0, 1000), st.floats(-50, 50).filter(lambda x: abs(x) > 1e-3))
def test_scaled_it_is_a_share_and_the_unit_of_the_map_does_not_matter(
    seed: int, factor: float
) -> None:
    generator = torch.Generator().manual_seed(seed)
    images = torch.rand(2, 3, 12, 12, generator=generator)
    maps = torch.randn(2, 12, 12, generator=generator).double()
    seeds = torch.tensor([seed, seed + 1])
    removals = square_removals(
        small_network(seed), images, torch.tensor([0, 3]), seeds, BLACK, count=8
    )
    found = infidelity(removals, maps)
    assert ((found >= 0) & (found <= 1 + 1e-12)).all()
    torch.testing.assert_close(infidelity(removals, factor * maps), found)

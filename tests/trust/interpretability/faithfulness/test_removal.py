"""Deletion, insertion and what is read from them agree with plain loops, and find the planted square."""

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import auc
from torch import Tensor

from finetrust.trust.interpretability.faithfulness.baseline_maps import random_maps, sobel_maps
from finetrust.trust.interpretability.faithfulness.removal import (
    RATIONALES,
    RemovalCurve,
    aopc,
    at_equal_steps,
    comprehensiveness,
    deletion,
    flipping_fractions,
    insertion,
    order_of,
    removal_curves,
    sufficiency,
)
from finetrust.trust.interpretability.faithfulness.replacements.replacement import replacements

from ..square_reader import SIDE, SquareReader, bright_squares, perfect_maps, small_network

NAMES = ("black", "blur", "mean", "noisy_linear")


def by_loops(network, images: Tensor, targets: Tensor, maps: Tensor, seeds, name: str, keep: bool):
    """Return probabilities (n, k), one image and one fraction at a time."""
    fractions = (0.0, 0.1, 0.25, 0.5, 1.0)
    found = np.zeros((len(images), len(fractions)))
    for i in range(len(images)):
        order = np.argsort(-maps[i].numpy().ravel(), kind="stable")
        remove = replacements.get(name)(images[i : i + 1], seeds[i : i + 1])
        for k, fraction in enumerate(fractions):
            gone = np.full(order.shape, keep)
            gone[order[: round(fraction * len(order))]] = not keep
            shown = remove(torch.from_numpy(gone.reshape(1, 1, *maps[i].shape)))[0]
            with torch.no_grad():
                logits = network(shown).double().numpy()[0]
            found[i, k] = np.exp(logits[targets[i]]) / np.exp(logits).sum()
    return fractions, found


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("curve", [deletion, insertion])
@pytest.mark.parametrize("at_once", [1, 3, 64])
def test_curves_agree_with_plain_loops_in_batches_of_any_size(name: str, curve, at_once) -> None:
    network, images = small_network(), torch.rand(5, 3, 16, 16)
    maps, targets, seeds = torch.randn(5, 16, 16), torch.arange(5), torch.arange(5) + 7
    fractions, expected = by_loops(network, images, targets, maps, seeds, name, curve is insertion)
    found = curve(network, images, targets, maps, seeds, replacements.get(name), fractions, at_once)
    np.testing.assert_allclose(found.probability, expected, atol=1e-5)
    areas = [auc(fractions, row) for row in expected]
    np.testing.assert_allclose(found.area(), areas, atol=1e-5)


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("at_once", [2, 64])
def test_several_maps_share_passes_and_have_the_curves_that_they_have_alone(name, at_once) -> None:
    network, images = small_network(), torch.rand(4, 3, 12, 12)
    targets, seeds = torch.arange(4), torch.arange(4)
    maps = [torch.randn(4, 12, 12), torch.zeros(4, 12, 12), torch.randn(4, 12, 12)]
    maps[2][1, 0, 0] = torch.nan
    seen = []

    def counted(pixels: Tensor) -> Tensor:
        seen.append(len(pixels))
        return network(pixels)

    fractions = (0.0, 0.1, 0.5, 1.0)
    given = images, targets, maps, seeds, replacements.get(name), fractions, at_once
    found = removal_curves(counted, *given)
    assert sum(seen) == 4 * (2 + 3 * 2 * 2)
    assert max(seen) <= at_once
    for one, curves in zip(maps, found, strict=True):
        for curve, own in zip((deletion, insertion), curves, strict=True):
            alone = curve(network, images, targets, one, seeds, replacements.get(name), fractions)
            torch.testing.assert_close(
                own.probability, alone.probability, atol=1e-6, rtol=0, equal_nan=True
            )
            assert torch.equal(own.answered, alone.answered)


@pytest.mark.parametrize("name", NAMES)
def test_a_perfect_map_beats_random_maps_and_edges(name: str) -> None:
    n = 12
    images, targets, seeds = bright_squares(n)
    rivals = {
        "perfect": perfect_maps(n),
        "random": random_maps(images, seeds),
        "coarse": random_maps(images, seeds, 4),
        "edges": sobel_maps(images),
    }
    figures = {}
    for rival, maps in rivals.items():
        arguments = SquareReader(), images, targets, maps, seeds, replacements.get(name)
        deleted, inserted = deletion(*arguments), insertion(*arguments)
        figures[rival] = (
            deleted.area(), 1 - inserted.area(), -comprehensiveness(deleted),
            sufficiency(inserted), -aopc(deleted),
        )  # fmt: skip
    for rival in ("random", "coarse", "edges"):
        for best, other in zip(figures["perfect"], figures[rival], strict=True):
            assert best.mean() < other.mean()
    # Blurred, the bright square is still there.
    if name != "blur":
        assert (figures["perfect"][0] < 0.2).all()


def test_rationales_are_read_from_the_curves() -> None:
    fractions = (0.0, *RATIONALES, 1.0)
    falling = torch.tensor([[0.9, 0.8, 0.6, 0.4, 0.2, 0.1, 0.0]]).double()
    curve = RemovalCurve(fractions, falling, falling > 0.5)
    assert comprehensiveness(curve).item() == pytest.approx(0.9 - (0.8 + 0.6 + 0.4 + 0.2 + 0.1) / 5)
    rising = RemovalCurve(fractions, falling.flip(1), falling > 0.5)
    assert sufficiency(rising).item() == pytest.approx(0.9 - (0.1 + 0.2 + 0.4 + 0.6 + 0.8) / 5)
    assert aopc(curve).item() == pytest.approx(np.mean(0.9 - falling.numpy()))
    with pytest.raises(ValueError, match=r"lacks the fraction 0\.05"):
        comprehensiveness(RemovalCurve((0.0, 0.01, 1.0), falling[:, :3], falling[:, :3] > 0))


def test_equal_steps_are_taken_from_a_finer_curve() -> None:
    falling = torch.tensor([[0.9, 0.85, 0.5, 0.3, 0.1]]).double()
    curve = RemovalCurve((0.0, 0.01, 0.5, 0.6, 1.0), falling, falling > 0.4)
    found = at_equal_steps(curve, 2)
    assert found.fractions == (0.0, 0.5, 1.0)
    assert torch.equal(found.probability, falling[:, [0, 2, 4]])
    assert found.answered.tolist() == [[True, True, False]]
    assert aopc(found).item() == pytest.approx((0 + 0.4 + 0.8) / 3)
    with pytest.raises(ValueError, match=r"lacks the fraction 0\.25"):
        at_equal_steps(curve, 4)


def test_pixel_flipping_takes_as_many_places_at_each_step_and_then_the_rest() -> None:
    assert flipping_fractions(10, 4) == (0.0, 0.4, 0.8, 1.0)
    assert flipping_fractions(8, 4) == (0.0, 0.5, 1.0)


def test_nothing_deleted_and_all_inserted_is_the_image_itself() -> None:
    network, images = small_network(), torch.rand(3, 3, 16, 16)
    targets, seeds, maps = torch.tensor([0, 1, 2]), torch.arange(3), torch.randn(3, 16, 16)
    with torch.no_grad():
        logits = network(images)
    plain = logits.double().softmax(1).gather(1, targets[:, None])[:, 0]
    for name in NAMES:
        arguments = network, images, targets, maps, seeds, replacements.get(name)
        deleted, inserted = deletion(*arguments), insertion(*arguments)
        torch.testing.assert_close(deleted.probability[:, 0], plain, atol=1e-6, rtol=0)
        torch.testing.assert_close(inserted.probability[:, -1], plain, atol=1e-6, rtol=0)
        assert torch.equal(deleted.answered[:, 0], logits.argmax(1) == targets)


def test_maps_and_answers_that_are_not_finite_have_no_figures_and_spoil_no_others() -> None:
    images, targets, seeds = bright_squares(3)
    maps = perfect_maps(3)
    expected = deletion(SquareReader(), images, targets, maps, seeds, replacements.get("black"))
    maps[1, 0, 0] = torch.nan
    found = deletion(SquareReader(), images, targets, maps, seeds, replacements.get("black"))
    assert found.area().isnan().tolist() == [False, True, False]
    assert not found.answered[1].any()
    assert torch.equal(found.probability[::2], expected.probability[::2])

    def broken(pixels: Tensor) -> Tensor:
        return torch.full((len(pixels), 2), torch.nan)

    silent = deletion(broken, images, targets, maps, seeds, replacements.get("black"))
    assert silent.probability.isnan().all()
    assert not silent.answered.any()


def test_a_constant_map_ranks_at_random_by_the_seed_of_the_item() -> None:
    constant, seeds = torch.ones(400, 6, 6), torch.arange(400)
    order = order_of(constant, seeds)
    assert (order.sort(1).values == torch.arange(36)).all()
    counts = torch.bincount(order[:, 0], minlength=36)
    assert counts.min() > 0
    assert counts.max() < 30
    assert torch.equal(order[[5, 3]], order_of(constant[:2], seeds[[5, 3]]))


def test_no_items_have_no_curves() -> None:
    images, targets, seeds = (part[:0] for part in bright_squares(1))
    found = deletion(
        SquareReader(), images, targets, perfect_maps(1)[:0], seeds, replacements.get("mean")
    )
    assert found.probability.shape == (0, 13)


@given(st.integers(0, 1000), st.sampled_from(NAMES))
def test_figures_are_bounded_and_only_the_order_of_the_map_matters(seed: int, name: str) -> None:
    generator = torch.Generator().manual_seed(seed)
    network, images = small_network(seed), torch.rand(2, 3, 12, 12, generator=generator)
    # Whole numbers, with ties: the rescaling below is exact.
    maps = torch.randint(-9, 10, (2, 12, 12), generator=generator).double()
    targets, seeds = torch.tensor([1, 4]), torch.tensor([seed, seed + 1])
    fractions = (0.0, *RATIONALES, 1.0)
    others = maps**3 / 8 - 5
    for curve in (deletion, insertion):
        found, rescaled = (
            curve(network, images, targets, m, seeds, replacements.get(name), fractions)
            for m in (maps, others)
        )
        assert torch.equal(found.probability, rescaled.probability)
        assert ((found.area() >= 0) & (found.area() <= 1)).all()
    assert (sufficiency(found).abs() <= 1).all()


def test_the_images_and_the_maps_are_left_as_they_are() -> None:
    images, targets, seeds = bright_squares(2)
    maps = torch.randn(2, SIDE, SIDE)
    kept = images.clone(), maps.clone()
    for name in NAMES:
        deletion(SquareReader(), images, targets, maps, seeds, replacements.get(name))
    assert torch.equal(images, kept[0])
    assert torch.equal(maps, kept[1])

import math

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor
from torch.nn import functional
from torchvision.ops import sigmoid_focal_loss

from finetrust.data.masks.masks import IGNORE
from finetrust.tasks.segmentation_losses import (
    CrossEntropy,
    CrossEntropyAndDice,
    Dice,
    Focal,
    segmentation_losses,
)

NAMES = segmentation_losses.names()


def batch(seed: int, classes: int = 3, ignored: float = 0.2) -> tuple[Tensor, Tensor]:
    """Return logits (2, classes, 4, 8) and targets (2, 4, 8)."""
    generator = torch.Generator().manual_seed(seed)
    logits = torch.randn(2, classes, 4, 8, generator=generator, dtype=torch.float64)
    targets = torch.randint(classes, (2, 4, 8), generator=generator)
    targets[torch.rand(2, 4, 8, generator=generator) < ignored] = IGNORE
    return logits, targets


def loss(name: str, logits: Tensor, targets: Tensor, weight: Tensor | None = None) -> Tensor:
    return segmentation_losses.get(name)(weight, 0.0).of_pixels(logits, targets)


@given(st.integers(0, 1000), st.booleans(), st.sampled_from([0.0, 0.1]))
def test_cross_entropy_is_that_of_torch(seed: int, weighted: bool, smoothing: float) -> None:
    logits, targets = batch(seed)
    weight = torch.tensor([1.0, 2.0, 0.5], dtype=torch.float64) if weighted else None
    expected = functional.cross_entropy(
        logits, targets, weight, ignore_index=IGNORE, label_smoothing=smoothing
    )
    torch.testing.assert_close(CrossEntropy(weight, smoothing).of_pixels(logits, targets), expected)


@given(st.integers(0, 1000))
def test_dice_is_that_of_a_loop_over_the_classes(seed: int) -> None:
    logits, targets = batch(seed)
    probabilities = logits.softmax(1).numpy()
    scores = []
    for c in range(3):
        above = below = 0.0
        for n, y, x in np.ndindex(2, 4, 8):
            if targets[n, y, x] != IGNORE:
                p, g = probabilities[n, c, y, x], float(targets[n, y, x] == c)
                above += 2 * p * g
                below += p**2 + g**2
        if (targets == c).any():
            scores.append(above / below)
    assert float(Dice().of_pixels(logits, targets)) == pytest.approx(1 - np.mean(scores))


@given(st.integers(0, 1000))
def test_focal_of_two_classes_is_that_of_torchvision(seed: int) -> None:
    logits, targets = batch(seed, classes=2)
    known = targets != IGNORE
    margin = (logits[:, 1] - logits[:, 0])[known]
    expected = sigmoid_focal_loss(
        margin, targets[known].double(), alpha=-1, gamma=2, reduction="mean"
    )
    torch.testing.assert_close(Focal().of_pixels(logits, targets), expected)


def test_cross_entropy_and_dice_is_their_sum() -> None:
    logits, targets = batch(0)
    expected = CrossEntropy().of_pixels(logits, targets) + Dice().of_pixels(logits, targets)
    assert CrossEntropyAndDice().of_pixels(logits, targets) == expected


@pytest.mark.parametrize("name", NAMES)
def test_the_gradients_are_right(name: str) -> None:
    logits, targets = batch(1)
    weight = torch.tensor([1.0, 2.0, 0.5], dtype=torch.float64)
    assert torch.autograd.gradcheck(
        lambda x: loss(name, x, targets, weight), logits.requires_grad_(True)
    )


@pytest.mark.parametrize("name", NAMES)
def test_what_is_ignored_has_no_influence(name: str) -> None:
    logits, targets = batch(2)
    changed = torch.where((targets == IGNORE)[:, None], 100 * logits + 7, logits)
    torch.testing.assert_close(loss(name, changed, targets), loss(name, logits, targets))


@pytest.mark.parametrize("name", NAMES)
def test_a_batch_without_a_target_costs_nothing_and_has_gradients(name: str) -> None:
    logits = torch.randn(2, 3, 4, 8, requires_grad=True)
    found = loss(name, logits, torch.full((2, 4, 8), IGNORE))
    found.backward()
    assert float(found.detach()) in (0.0, 1.0)
    assert logits.grad is not None
    assert torch.equal(logits.grad, torch.zeros_like(logits))


@pytest.mark.parametrize("name", NAMES)
def test_right_and_certain_is_best(name: str) -> None:
    logits, targets = batch(3, ignored=0.0)
    right = 40 * functional.one_hot(targets, 3).permute(0, 3, 1, 2).double()
    assert float(loss(name, right, targets)) == pytest.approx(0, abs=1e-6)
    assert float(loss(name, logits, targets)) > 0.1


@pytest.mark.parametrize("name", NAMES)
def test_a_weight_makes_its_class_count_more(name: str) -> None:
    logits, targets = batch(4)
    heavy = torch.tensor([50.0, 1.0, 1.0], dtype=torch.float64)
    better = logits.clone()
    better[:, 0] += 3 * (targets == 0)
    gain = [
        float(loss(name, logits, targets, w) - loss(name, better, targets, w))
        for w in (None, heavy)
    ]
    assert gain[1] > gain[0]


def test_smaller_logits_are_enlarged_to_the_masks() -> None:
    logits, _ = batch(5)
    targets = torch.randint(3, (2, 16, 32)).to(torch.uint8)
    enlarged = functional.interpolate(logits, (16, 32), mode="bilinear", align_corners=False)
    expected = functional.cross_entropy(enlarged, targets.long())
    torch.testing.assert_close(CrossEntropy()(logits, targets), expected)


def test_of_whole_images_the_middles_are_the_targets() -> None:
    logits, _ = batch(6)
    masks = [torch.randint(3, (20, 40)).to(torch.uint8) for _ in range(2)]
    middles = torch.stack([mask[2:18, 4:36] for mask in masks])
    torch.testing.assert_close(CrossEntropy()(logits, masks), CrossEntropy()(logits, middles))


def test_cross_entropy_of_even_logits_is_the_log_of_the_classes() -> None:
    targets = batch(0)[1]
    assert float(CrossEntropy().of_pixels(torch.zeros(2, 3, 4, 8), targets)) == pytest.approx(
        math.log(3)
    )

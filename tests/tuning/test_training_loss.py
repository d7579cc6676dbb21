"""The loss of a batch is the same in one pass and in parts, whatever it is a mean over."""

import pytest
import torch
from torch import Tensor, nn

from finetrust.data.masks.masks import IGNORE
from finetrust.tasks.segmentation_losses import CrossEntropy, Dice, Focal
from finetrust.tasks.task import Objective
from finetrust.tasks.token_samples import PADDING, TokenCrossEntropy
from finetrust.tasks.weighted_mean import ItemCrossEntropy
from finetrust.tuning.losses.in_place import in_place_of
from finetrust.tuning.training_loss import Share, TrainingLoss

WEIGHT = torch.tensor([0.2, 1.0, 5.0])


def replaced(criterion: nn.Module) -> nn.Module:
    return in_place_of(criterion, lambda log_p: log_p.square())


def items() -> tuple[Tensor, Tensor]:
    return torch.randn(7, 3), torch.tensor([0, 0, 1, 1, 0, 1, 2])


def shares() -> tuple[Tensor, Tensor]:
    return torch.randn(7, 3), torch.rand(7, 3).softmax(1)


def words() -> tuple[Tensor, Tensor]:
    tags = torch.randint(3, (7, 5))
    for row in range(7):
        tags[row, 1 + row % 4 :] = PADDING
    return torch.randn(7, 5, 3), tags


def pixels() -> tuple[Tensor, Tensor]:
    masks = torch.randint(3, (7, 8, 8), dtype=torch.uint8)
    masks[:3, 2:] = IGNORE
    masks[4] = IGNORE
    return torch.randn(7, 3, 2, 2), masks


def in_parts(criterion: nn.Module, logits: Tensor, targets: Tensor, size: int) -> float:
    lowered = TrainingLoss(Objective(criterion), {})
    parts = targets.split(size)
    found = zip(logits.split(size), parts, lowered.shares(parts), strict=True)
    return float(sum(lowered(nn.Identity(), *of) for of in found))


@pytest.mark.parametrize("weight", [None, WEIGHT], ids=["plain", "weighted"])
@pytest.mark.parametrize("smoothing", [0.0, 0.1])
@pytest.mark.parametrize(
    ("batch", "of"),
    [
        (items, lambda w, s: ItemCrossEntropy(w, label_smoothing=s)),
        (shares, lambda w, s: ItemCrossEntropy(w, label_smoothing=s)),
        (items, lambda w, s: replaced(ItemCrossEntropy(w, label_smoothing=s))),
        (shares, lambda w, s: replaced(ItemCrossEntropy(w, label_smoothing=s))),
        (words, TokenCrossEntropy),
        (words, lambda w, s: replaced(TokenCrossEntropy(w, s))),
        (pixels, CrossEntropy),
        (pixels, lambda w, s: replaced(CrossEntropy(w, s))),
        (pixels, lambda w, _: Focal(w)),
    ],
    ids=[
        "items",
        "shares",
        "items-2",
        "shares-2",
        "words",
        "words-2",
        "pixels",
        "pixels-2",
        "focal",
    ],
)
def test_parts_sum_to_the_loss_of_the_batch(batch, of, smoothing, weight) -> None:
    logits, targets = batch()
    criterion = of(weight, smoothing)
    whole = float(criterion(logits, targets))
    assert in_parts(criterion, logits, targets, 7) == whole
    for size in (1, 2, 4):
        assert in_parts(criterion, logits, targets, size) == pytest.approx(whole, rel=1e-5)


def test_where_nothing_has_a_class_the_loss_is_0() -> None:
    logits, targets = pixels()
    assert in_parts(CrossEntropy(), logits, torch.full_like(targets, IGNORE), 2) == 0


def test_what_is_no_mean_over_pixels_is_shared_out_by_items() -> None:
    lowered = TrainingLoss(Objective(Dice()), {})
    masks = list(pixels()[1].split(3))
    assert lowered.shares(masks) == [Share(n / 7, n / 7) for n in (3, 3, 1)]
    assert lowered.shares([masks]) == [Share(1.0, 1.0)]
    middles = TrainingLoss(Objective(CrossEntropy()), {})
    assert middles.shares([masks[:1], masks[1:]]) == [Share(1 / 3, 1 / 3), Share(2 / 3, 2 / 3)]

"""Class losses in place of the criteria of the tasks, and how often their classes occur."""

from typing import Any

import numpy as np
from torch import Tensor, nn

from finetrust.core.errors import UserError
from finetrust.data.dataset import Dataset
from finetrust.data.masks.masks import IGNORE, class_pixels
from finetrust.tasks.class_targets import counts_by_class
from finetrust.tasks.segmentation_losses import CrossEntropy, PixelLoss
from finetrust.tasks.tag_targets import words_by_tag
from finetrust.tasks.token_samples import PADDING, TokenCrossEntropy
from finetrust.tuning.losses.class_loss import ClassLoss, OfClass


class OfPixels(PixelLoss):
    """A class loss of the pixels of masks."""

    def __init__(self, loss: ClassLoss) -> None:
        super().__init__()
        self.loss = loss

    def of_pixels(self, logits: Tensor, targets: Tensor) -> Tensor:
        return self.loss(logits, targets)

    def total_weight(self, targets: Any) -> Tensor:
        """Return what the loss of `targets` is divided by."""
        return self.loss.total_weight(targets)


class OfWords(nn.Module):
    """A class loss of the tags of words."""

    def __init__(self, loss: ClassLoss) -> None:
        super().__init__()
        self.loss = loss

    def forward(self, logits: Tensor, targets: Tensor) -> Tensor:
        """Return the loss of logits (n, words, tags) and tags (n, words or more)."""
        wanted = targets[:, : logits.shape[1]]
        return self.loss(logits.flatten(0, 1), wanted.flatten())

    def total_weight(self, targets: Tensor) -> Tensor:
        """Return what the loss of `targets` is divided by."""
        return self.loss.total_weight(targets)


def in_place_of(
    criterion: nn.Module,
    of_class: OfClass,
    *,
    shift: Tensor | None = None,
    factor: Tensor | None = None,
) -> nn.Module:
    """Return a class loss for what `criterion` takes, with its weights and its label smoothing.

    Parameters
    ----------
    criterion : nn.Module
        A cross entropy of items, of words or of pixels.
    of_class, shift, factor
        As for :class:`~finetrust.tuning.losses.class_loss.ClassLoss`.

    Raises
    ------
    UserError
        For another criterion.
    """
    if not isinstance(criterion, nn.CrossEntropyLoss | TokenCrossEntropy | CrossEntropy):
        raise UserError(
            f"the training loss is {type(criterion).__name__}, which no loss over classes can replace",
            "Leave what replaces it out of --strategy.",
        )
    pixels = isinstance(criterion, CrossEntropy)
    loss = ClassLoss(
        of_class,
        criterion.weight,
        criterion.label_smoothing,
        IGNORE if pixels else PADDING,
        shift,
        factor,
    )
    if pixels:
        return OfPixels(loss)
    return OfWords(loss) if isinstance(criterion, TokenCrossEntropy) else loss


def counts_of_classes(criterion: nn.Module, train: Dataset) -> np.ndarray:
    """Return how often each class occurs in what `criterion` is a mean over, 1 where it never does.

    Returns
    -------
    int64 array (k,)
        Of items, words or pixels.
    """
    if isinstance(criterion, CrossEntropy):
        k = len(train.classes)
        counts = sum((class_pixels(mask, k)[:k] for mask in train.targets), np.zeros(k, np.int64))
    elif isinstance(criterion, TokenCrossEntropy):
        counts = words_by_tag(train)
    else:
        counts = counts_by_class(train)
    return np.asarray(counts).clip(1)

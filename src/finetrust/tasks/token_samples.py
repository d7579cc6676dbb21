"""Samples whose targets are tags of words, padded to the longest text of a batch."""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from finetrust.models.tree import Tree
from finetrust.tasks.weighted_mean import total_weight

PADDING = -100
"""The target of what is no word."""


class TokenSamples:
    """Texts prepared one by one, with the tags of their words.

    Parameters
    ----------
    prepare : callable
        From the words of a text to a prepared input.
    collate : callable
        From prepared inputs to a batch.
    """

    def __init__(
        self, prepare: Callable[[Any], Any], collate: Callable[[Sequence[Any]], Tree]
    ) -> None:
        self._prepare, self._collate = prepare, collate

    def item(self, value: Any, target: np.ndarray) -> tuple[Any, np.ndarray]:
        return self._prepare(value), target

    def target(self, target: np.ndarray) -> np.ndarray:
        return target

    def inputs(self, prepared: Sequence[Any]) -> Tree:
        return self._collate(prepared)

    def targets(self, prepared: Sequence[np.ndarray]) -> Tensor:
        """Return tags as int64 tensor (n, longest), ``PADDING`` beyond the words of a text."""
        padded = np.full((len(prepared), max(map(len, prepared), default=0)), PADDING, np.int64)
        for row, tags in zip(padded, prepared, strict=True):
            row[: len(tags)] = tags
        return torch.from_numpy(padded)


class TokenCrossEntropy(nn.Module):
    """Cross entropy of the tags, averaged over the words of a batch.

    Parameters
    ----------
    weight : Tensor (tags,) or None
    label_smoothing : float
    """

    weight: Tensor | None

    def __init__(self, weight: Tensor | None, label_smoothing: float) -> None:
        super().__init__()
        self.register_buffer("weight", weight)
        self.label_smoothing = label_smoothing

    def forward(self, logits: Tensor, targets: Tensor) -> Tensor:
        """Return the loss of logits (n, words, tags) and tags (n, words or more)."""
        # Part of a batch may have shorter texts than all of it.
        wanted = targets[:, : logits.shape[1]]
        return functional.cross_entropy(
            logits.flatten(0, 1),
            wanted.flatten(),
            self.weight,
            ignore_index=PADDING,
            label_smoothing=self.label_smoothing,
        )

    def total_weight(self, targets: Tensor) -> Tensor:
        """Return what the loss of `targets` is divided by."""
        return total_weight(targets, self.weight, PADDING)

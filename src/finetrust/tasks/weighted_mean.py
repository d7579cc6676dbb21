"""Losses that are a weighted mean over items, words or pixels: what such a mean is divided by."""

from typing import Protocol, runtime_checkable

import torch
from torch import Tensor, nn

from finetrust.models.tree import Tree


@runtime_checkable
class WeightedMean(Protocol):
    """A criterion that is a sum divided by the total weight of its targets."""

    def total_weight(self, targets: Tree) -> Tensor:
        """Return what the loss of `targets` is divided by."""
        ...


class ItemCrossEntropy(nn.CrossEntropyLoss):
    """Cross entropy of items by class index, or by their shares of the classes."""

    def total_weight(self, targets: Tree) -> Tensor:
        """Return what the loss of `targets` is divided by."""
        return total_weight(targets, self.weight, self.ignore_index)


def total_weight(targets: Tree, weight: Tensor | None, ignore_index: int) -> Tensor:
    """Return the summed weights of the targets that have a class.

    Parameters
    ----------
    targets : int tensor (n, ...), float tensor (n, k), or list of n tensors
        Shares of the classes, as mixing makes them, count 1 an item, as in torch's cross entropy. So
        do masks of whole large images: how much of each counts only a pass tells.
    weight : float tensor (k,) or None
        Of the classes.
    ignore_index : int
        The target of what has no class.

    Returns
    -------
    tensor ()
    """
    if not isinstance(targets, Tensor) or targets.is_floating_point():
        return torch.tensor(len(targets))
    known = targets != ignore_index
    if weight is None:
        return known.sum()
    return (weight[torch.where(known, targets, 0).long()] * known).sum()

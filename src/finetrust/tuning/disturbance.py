"""What changes the inputs of training passes, and how many of them."""

import math
from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from finetrust.models.tree import Tree, joined, mapped, n_items, taken
from finetrust.tasks.task import Objective

Change = Callable[[Objective, nn.Module, Tree, Tree], Tree]
"""From the objective, what trains, inputs and targets to other inputs; pixels are floats in [0, 1]."""


@dataclass(frozen=True)
class Disturbance:
    """A change of inputs that a network learns to bear.

    Parameters
    ----------
    change : callable
    share : float
        How much of each pass is changed, in (0, 1]: its first items. The others are learned as they are.
    """

    change: Change
    share: float = 1.0

    def of_pass(self, objective: Objective, module: nn.Module, inputs: Tree, targets: Tree) -> Tree:
        """Return the inputs that a training pass is made with."""
        inputs, at = mapped(in_floats, inputs), math.ceil(self.share * n_items(inputs))
        first, rest = slice(at), slice(at, None)
        changed = self.change(objective, module, taken(inputs, first), taken(targets, first))
        return joined([changed, taken(inputs, rest)])

    def of_all(self, objective: Objective, module: nn.Module, inputs: Tree, targets: Tree) -> Tree:
        """Return inputs of which every one is changed."""
        return self.change(objective, module, mapped(in_floats, inputs), targets)


def in_floats(inputs: Tensor) -> Tensor:
    """Return pixels as floats in [0, 1], or floats as they are."""
    return inputs.float() / 255 if inputs.dtype == torch.uint8 else inputs

"""What changes the inputs of training passes, and how many of them."""

import math
from collections.abc import Callable
from dataclasses import dataclass

from torch import nn

from finetrust.models.tree import Tree, joined, mapped, n_items, taken
from finetrust.models.unit_interval import in_unit_interval
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
    share: float

    def of_pass(self, objective: Objective, module: nn.Module, inputs: Tree, targets: Tree) -> Tree:
        """Return the inputs that a training pass is made with."""
        inputs, at = mapped(in_unit_interval, inputs), math.ceil(self.share * n_items(inputs))
        first, rest = slice(at), slice(at, None)
        changed = self.change(objective, module, taken(inputs, first), taken(targets, first))
        return joined([changed, taken(inputs, rest)])

    def of_all(self, objective: Objective, module: nn.Module, inputs: Tree, targets: Tree) -> Tree:
        """Return inputs of which every one is changed."""
        return self.change(objective, module, mapped(in_unit_interval, inputs), targets)

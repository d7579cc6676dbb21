"""SGD: stochastic gradient descent with momentum in place of AdamW."""

from collections.abc import Sequence
from typing import Any, ClassVar

import torch
from pydantic import Field

from finetrust.config import Fraction
from finetrust.tuning.addition import Addition, Planned, additions

MOMENTUM = 0.9
"""With Nesterov's rule, as Kornblith, Shlens & Le (2019), "Do Better ImageNet Models Transfer Better?",
CVPR, fine-tune ImageNet networks."""


@additions.register("sgd")
class SGD(Addition):
    """Momentum and Nesterov's rule as in Sutskever et al. (2013), in PyTorch's form.

    ``v = momentum * v + g`` and ``w -= rate * v``, or with Nesterov's rule ``w -= rate * (g + momentum
    * v)``; the weight decay is part of g. Learning rates are those of AdamW unless they are given.
    """

    place: ClassVar[str] = "optimiser"

    momentum: Fraction = Field(MOMENTUM, description="Share of the last step that goes on.")
    nesterov: bool = Field(True, description="Whether the gradient counts as if ahead of its step.")

    def check(self, planned: Planned) -> None:
        return

    def optimiser(self, groups: Sequence[dict[str, Any]]) -> torch.optim.Optimizer:
        # Without momentum the rule changes nothing, and PyTorch refuses it.
        ahead = self.nesterov and self.momentum > 0
        return torch.optim.SGD(groups, momentum=self.momentum, nesterov=ahead, fused=True)

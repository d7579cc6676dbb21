"""The loss that a phase of training lowers: the task's, and the penalties that act in it."""

import contextlib
from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass

from torch import Tensor, nn
from torch.nn.attention import SDPBackend, sdpa_kernel

from finetrust.models.tree import Tree, mapped, n_items
from finetrust.models.unit_interval import in_unit_interval
from finetrust.tasks.task import Objective
from finetrust.tuning.addition import Penalty, Step
from finetrust.tuning.disturbance import Disturbance


@dataclass(frozen=True)
class Share:
    """How much of a batch some of its items are.

    Parameters
    ----------
    items : float
        Of its items, over which penalties are means.
    loss : float
        Of what its loss is divided by: items, words or pixels, or their weights.
    """

    items: float = 1.0
    loss: float = 1.0


class TrainingLoss:
    """From one pass over some items of a batch to their part of its loss.

    Parameters
    ----------
    objective : Objective
    penalties : mapping of str to Penalty
        Where there are any, targets are accompanied (see :mod:`finetrust.tuning.accompanied`).
    disturbance : Disturbance, optional
        What changes the inputs of every pass.
    """

    def __init__(
        self,
        objective: Objective,
        penalties: Mapping[str, Penalty],
        disturbance: Disturbance | None = None,
    ) -> None:
        self._objective, self._penalties = objective, penalties
        self._disturbance = disturbance
        self._of_inputs = any(penalty.of_inputs for penalty in penalties.values())
        self._terms: dict[str, Tensor] = {}

    def begin(self) -> None:
        """Forget the terms of the batch before, or of an attempt that failed."""
        self._terms = {}

    def terms(self) -> dict[str, float]:
        """Return what each penalty has added to the loss since :meth:`begin`."""
        return {name: float(term) for name, term in self._terms.items()}

    def shares(self, parts: Sequence[Tree]) -> list[Share]:
        """Return how much of a batch each part of its targets is."""
        if len(parts) == 1:
            return [Share()]
        own = [targets[0] for targets in parts] if self._penalties else parts
        items = [n_items(targets) for targets in own]
        weights = [self._objective.total_weight(targets) for targets in own]
        # Where nothing has a class, the loss of every part is 0.
        every, total = sum(items), sum(weights) or 1.0
        return [Share(n / every, w / total) for n, w in zip(items, weights, strict=True)]

    def __call__(self, module: nn.Module, inputs: Tree, targets: Tree, share: Share) -> Tensor:
        """Return the loss of `share` of a batch: with all shares of it they sum to its mean loss.

        So it is where the loss is a mean over items, words or pixels. Of others, as dice and those of
        detectors are, it is the mean over the parts, by their items.
        """
        if not self._penalties:
            inputs = self._disturbed(module, inputs, targets)
            return self._objective(module, inputs, targets) * share.loss
        targets, rows, beside = targets
        inputs = self._disturbed(module, inputs, targets)
        if self._of_inputs:
            inputs = mapped(_differentiable, inputs)
        for penalty in self._penalties.values():
            penalty.expect()
        recorded = _Recorded(module)
        with _twice_differentiable() if self._of_inputs else contextlib.nullcontext():
            loss = self._objective(recorded, inputs, targets)
        own, total = loss.detach(), loss * share.loss
        for name, penalty in self._penalties.items():
            step = Step(module, inputs, targets, recorded.outputs, own, rows, beside.get(name))
            term = penalty.term(step)
            total = total + term * share.items
            self._terms[name] = self._terms.get(name, 0.0) + term.detach() * share.items
        return total

    def _disturbed(self, module: nn.Module, inputs: Tree, targets: Tree) -> Tree:
        if self._disturbance is None:
            return inputs
        return self._disturbance.of_pass(self._objective, module, inputs, targets)


class _Recorded(nn.Module):
    """A module that keeps the outputs of its last pass."""

    outputs: Tree

    def __init__(self, module: nn.Module) -> None:
        super().__init__()
        self._module = module

    def forward(self, *inputs: Tree) -> Tree:
        self.outputs = self._module(*inputs)
        return self.outputs


def _differentiable(inputs: Tensor) -> Tensor:
    """Return pixels as floats in [0, 1], or floats as they are, that take gradients."""
    return in_unit_interval(inputs).detach().requires_grad_()


def _twice_differentiable() -> AbstractContextManager[None]:
    """Attention in plain arithmetic: its fused kernels have no second derivative."""
    return sdpa_kernel(SDPBackend.MATH)

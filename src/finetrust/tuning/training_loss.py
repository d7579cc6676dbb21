"""The loss that a phase of training lowers: the task's, and the penalties that act in it."""

import contextlib
from collections.abc import Mapping
from contextlib import AbstractContextManager

from torch import Tensor, nn
from torch.nn.attention import SDPBackend, sdpa_kernel

from finetrust.models.tree import Tree, mapped
from finetrust.models.unit_interval import in_unit_interval
from finetrust.tasks.task import Objective
from finetrust.tuning.addition import Penalty, Step
from finetrust.tuning.disturbance import Disturbance


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

    def __call__(self, module: nn.Module, inputs: Tree, targets: Tree, share: float) -> Tensor:
        """Return the loss of `share` of a batch: with all shares of it they sum to its mean loss."""
        if not self._penalties:
            return (
                self._objective(module, self._disturbed(module, inputs, targets), targets) * share
            )
        targets, rows, beside = targets
        inputs = self._disturbed(module, inputs, targets)
        if self._of_inputs:
            inputs = mapped(_differentiable, inputs)
        for penalty in self._penalties.values():
            penalty.expect()
        recorded = _Recorded(module)
        with _twice_differentiable() if self._of_inputs else contextlib.nullcontext():
            loss = self._objective(recorded, inputs, targets)
        own = loss.detach()
        for name, penalty in self._penalties.items():
            step = Step(module, inputs, targets, recorded.outputs, own, rows, beside.get(name))
            term = penalty.term(step)
            loss = loss + term
            self._terms[name] = self._terms.get(name, 0.0) + term.detach() * share
        return loss * share

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

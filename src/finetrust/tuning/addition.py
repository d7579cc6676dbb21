"""An addition to a strategy: what is joined by ``+`` to the strategy that says what trains."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import torch
from torch import Tensor, nn

from finetrust.config import Options, TuneOptions
from finetrust.core.registry import Registry
from finetrust.data.dataset import Dataset
from finetrust.models.network import Network
from finetrust.models.tree import Tree
from finetrust.tasks.task import Task
from finetrust.tuning.averager import Averager
from finetrust.tuning.optimizer import Schedule
from finetrust.tuning.perturbation import Perturbation
from finetrust.tuning.strategy import Phase

Companion = Callable[[int, Any], Tensor]
"""From the row and the value of a training item to what goes with it through the batch.

Before it is called, torch's default generator stands where it stood before the item was augmented:
the same draws move both alike.
"""


@dataclass(frozen=True)
class Planned:
    """What is known of a run before any work is done.

    Parameters
    ----------
    options : TuneOptions
    task : Task
    dataset : Dataset (n,)
        As it was opened; unreadable items are still there.
    phases : sequence of Phase
        As the strategy plans them for some network.
    """

    options: TuneOptions
    task: Task
    dataset: Dataset
    phases: Sequence[Phase]


@dataclass(frozen=True)
class Start:
    """What a run starts from.

    Parameters
    ----------
    options : TuneOptions
    network : Network
        Before its first step, also where the run is resumed.
    train : Dataset (n,)
    """

    options: TuneOptions
    network: Network
    train: Dataset


@dataclass(frozen=True)
class Step:
    """One forward pass of a training step.

    Parameters
    ----------
    module : nn.Module
        What trains, as the loop calls it.
    inputs, targets : Tree (n, ...)
        Inputs are floats that take gradients where a penalty asks for them.
    outputs : Tree (n, ...)
        Of `module`; with them the whole graph of the pass.
    loss : float tensor ()
        The task's mean loss; no gradient flows through it.
    rows : int64 tensor (n,)
        Positions of the items in the training data.
    beside : Tensor (n, ...) or None
        What the penalty's own companion made of the items.
    """

    module: nn.Module
    inputs: Tree
    targets: Tree
    outputs: Tree
    loss: Tensor
    rows: Tensor
    beside: Tensor | None


class Penalty(ABC):
    """A term that is added to the training loss."""

    of_inputs: bool = False
    """Whether it is differentiated by the inputs; it then rests while the head alone trains."""

    of_backbone: bool = False
    """Whether it acts on the pretrained weights alone; it then rests while the head alone trains."""

    @abstractmethod
    def term(self, step: Step) -> Tensor:
        """Return the mean over the items of a pass, as it is added to the loss."""

    def companion(self, augment: str) -> Companion | None:
        """Return what goes with each item through the batch, for a penalty of inputs; or None.

        Parameters
        ----------
        augment : str
            How inputs are augmented in this phase.
        """
        return None


class Addition(Options, ABC):
    """What can be added to a strategy; its fields are what can be set in brackets behind its name."""

    heeds: ClassVar[frozenset[str]] = frozenset()
    """Options of ``finetrust tune`` that mean something with this addition only."""

    place: ClassVar[str] = ""
    """What of a run it takes the place of, such as ``"loss"``: two of one place exclude each other."""

    @abstractmethod
    def check(self, planned: Planned) -> None:
        """Raise UserError if the run could not heed the addition; called before any work."""

    def criterion(self, start: Start, criterion: nn.Module) -> nn.Module:
        """Return what takes the place of the task's criterion: outputs and targets to a mean loss."""
        return criterion

    def penalty(self, start: Start) -> Penalty | None:
        """Return what is added to the loss, or None."""
        return None

    def optimiser(self, groups: Sequence[dict[str, Any]]) -> torch.optim.Optimizer | None:
        """Return what takes the place of AdamW over groups of parameters, or None.

        Parameters
        ----------
        groups : sequence of dict
            With ``params``, ``lr`` and ``weight_decay``, as PyTorch takes them.
        """
        return None

    def perturbation(self) -> Perturbation | None:
        """Return where, seen from the weights, the gradient of a step is taken; or None."""
        return None

    def averager(self, module: nn.Module, phase: Phase) -> Averager | None:
        """Return what is judged and kept in place of `module`, as it starts into `phase`; or None."""
        return None

    def schedule(self, phase: Phase, warmup: float) -> Schedule | None:
        """Return what takes the place of the schedule of the learning rate, or None.

        Parameters
        ----------
        phase : Phase
        warmup : float
            Share of the steps with a rising rate.
        """
        return None


additions: Registry[type[Addition]] = Registry("addition", "finetrust.tuning.additions")

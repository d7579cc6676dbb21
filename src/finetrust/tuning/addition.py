"""An addition to a strategy: what is joined by ``+`` to the strategy that says what trains."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
import torch
from torch import Tensor, nn

from finetrust.config import Options, TuneOptions
from finetrust.core.registry import Registry
from finetrust.data.dataset import Dataset
from finetrust.models.inference import Inference
from finetrust.models.network import Network
from finetrust.models.tree import Tree
from finetrust.tasks.task import Task
from finetrust.tuning.averager import Averager
from finetrust.tuning.disturbance import Disturbance
from finetrust.tuning.optimizer import Schedule
from finetrust.tuning.perturbation import Perturbation
from finetrust.tuning.strategy import Phase
from finetrust.tuning.validated import Validated

Companion = Callable[[int, Any], Tensor]
"""From the row and the value of a training item to what goes with it through the batch.

Before it is called, torch's default generator stands where it stood before the item was augmented:
the same draws move both alike.
"""

Gather = Callable[[Tensor], Tensor]
"""From a tensor of this process to those of all of them along the first axis, padded with -1."""


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
    added : mapping of str to Addition
        All that is added to the strategy, by name.
    """

    options: TuneOptions
    task: Task
    dataset: Dataset
    phases: Sequence[Phase]
    added: "Mapping[str, Addition]"

    @property
    def trains_backbone(self) -> bool:
        """Whether the backbone trains in any phase."""
        return any(phase.trains_backbone for phase in self.phases)

    @property
    def validates(self) -> bool:
        """Whether there are to be validation data; few items may still leave none."""
        return self.options.val_fraction > 0 or bool((self.dataset.splits == "val").any())

    @property
    def mixing(self) -> str | None:
        """The option by which images are mixed in pairs, as it is given; or None."""
        options = self.options
        return "--mixup" if options.mixup else "--cutmix" if options.cutmix else None


@dataclass(frozen=True)
class Start:
    """What a run starts from.

    Parameters
    ----------
    options : TuneOptions
    network : Network
        Before its first step, also where the run is resumed.
    train : Dataset (n,)
    task : Task
    """

    options: TuneOptions
    network: Network
    train: Dataset
    task: Task


@dataclass(frozen=True)
class End:
    """What a run has come to after its last phase.

    Parameters
    ----------
    start : Start
    network : Network
        The best of the last phase, with plain weights.
    before : mapping of str to Tensor, or None
        Its weights on the CPU as they were when the backbone began to train; None if it never did,
        or if no addition `reads_before`.
    validated : callable
        From a network to what the validation data say of it, the task's primary figure among the others;
        none where there are no such data.
    inputs : callable
        The training inputs on the device, batch by batch, from the start at every call.
    """

    start: Start
    network: Network
    before: Mapping[str, Tensor] | None
    validated: Callable[[nn.Module], Validated]
    inputs: Callable[[], Iterator[Tree]]


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
    """Whether it is about the backbone; it then rests while the head alone trains."""

    def expect(self) -> None:
        """Forget what was seen of passes so far: the one that :meth:`term` is asked about comes next."""
        return

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

    def begin(self) -> None:
        """Forget what was learned: a phase starts, or a trial of one.

        What a whole run learns, :meth:`state` holds: it is put back after a trial.
        """
        return

    def after_step(self, gather: Gather) -> None:
        """Learn from the passes of the step that is now done.

        There may have been several over the same items: the weights may be judged where they were
        moved to, and a pass for which memory did not suffice is made again in parts. The first is the
        one made with the weights as they were.
        """
        return

    def state(self) -> dict[str, Tensor]:
        """Return what the next step depends on: tensors that a checkpoint holds and is loaded into."""
        return {}


class Addition(Options, ABC):
    """What can be added to a strategy; its fields are what can be set in brackets behind its name."""

    heeds: ClassVar[frozenset[str]] = frozenset()
    """Options of ``finetrust tune`` that mean something with this addition only."""

    reads_before: ClassVar[bool] = False
    """Whether :meth:`finish` reads the weights from before the backbone trained; the epochs since then
    are then compared among themselves only."""

    keeps_last: ClassVar[bool] = False
    """Whether the last epoch in which the backbone trains is kept, whatever validation data as they are
    say of it."""

    disturbs: ClassVar[bool] = False
    """Whether it may make a :meth:`disturbance`: validation inputs are then changed, too, wherever their
    figures choose something for the whole run."""

    place: ClassVar[str] = ""
    """What of a run it takes the place of, such as ``"loss"``: two of one place exclude each other."""

    @abstractmethod
    def check(self, planned: Planned) -> None:
        """Raise UserError if the run could not heed the addition; called before any work."""

    def check_splits(self, train: Dataset, val: Dataset) -> None:
        """Raise UserError if the usable data, once split, do not allow the addition."""
        return

    def check_network(self, network: Network) -> None:
        """Raise UserError if the network does not allow the addition; called before any training."""
        return

    def phases(self, phases: list[Phase], options: TuneOptions) -> list[Phase]:
        """Return the phases in place of those that the strategy plans from `options`."""
        return phases

    def training_rows(self, start: Start, inference: Inference) -> np.ndarray | None:
        """Return which of the training items are kept, ascending: int64 (m,); None for all.

        Parameters
        ----------
        start : Start
            With all training items.
        inference : Inference
            The network as it stands, by which features are cached.
        """
        return None

    def parametrise(self, start: Start) -> None:
        """Put into the backbone, in place, what trains instead of its weights.

        Called once, before the first phase in which the backbone trains.
        """
        return

    def trains(self, start: Start, phase: Phase) -> frozenset[str] | None:
        """Return which pretrained parameters may train in a phase of the backbone; None for all.

        Names are relative to the network, which stands as the phase begins.
        """
        return None

    def disturbance(self, start: Start) -> Disturbance | None:
        """Return what changes the inputs of every training pass of the backbone; or None."""
        return None

    def merge(self, network: Network) -> None:
        """Undo :meth:`parametrise` after the last phase: plain weights that answer the same."""
        return

    def finish(self, end: End) -> dict[str, Any]:
        """Set the weights that are kept, in place, and return what is recorded of it as JSON values."""
        return {}

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

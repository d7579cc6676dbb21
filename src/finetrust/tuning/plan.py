"""The plan that ``--strategy`` spells: what trains, and what is added, as ``lp-ft + saliency-guided``."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import reduce
from typing import Any, TypeVar

import numpy as np
import torch
from torch import nn

from finetrust.config import TuneOptions, flag_of
from finetrust.core.errors import UserError
from finetrust.data.dataset import Dataset
from finetrust.expression import read_expression
from finetrust.models.inference import Inference
from finetrust.models.network import Network
from finetrust.tasks.task import Objective, Task, TrainingDefaults
from finetrust.tuning.addition import (
    Addition,
    End,
    Penalty,
    Planned,
    Start,
    additions,
)
from finetrust.tuning.averager import Averager
from finetrust.tuning.disturbance import Disturbance
from finetrust.tuning.optimizer import Schedule
from finetrust.tuning.perturbation import Perturbation
from finetrust.tuning.strategy import Phase, Strategy, strategies

Made = TypeVar("Made")

_OF_BACKBONE = ("backbone_learning_rate", "layer_decay")
_FORM = "Write it as 'full + saliency-guided' or 'full + saliency-guided(weight=0.01)'."


@dataclass(frozen=True)
class Plan:
    """A strategy with what is added to it.

    Parameters
    ----------
    name : str
    strategy : Strategy
    added : mapping of str to Addition
    text : str
        The whole as it is recorded; equal for equal plans that were spelled in the same order.
    """

    name: str
    strategy: Strategy
    added: Mapping[str, Addition]
    text: str

    @property
    def slug(self) -> str:
        """The names alone, as part of the name of a folder."""
        return "+".join([self.name, *self.added])

    def check(self, options: TuneOptions, task: Task, dataset: Dataset) -> None:
        """Raise UserError for a combination that makes no sense, before any work is done."""
        for name, kind in additions.items():
            for option in sorted(kind.heeds if name not in self.added else ()):
                if getattr(options, option) != TuneOptions.model_fields[option].default:
                    raise UserError(
                        f"{flag_of(option)} means nothing without {name}",
                        f"Add it: --strategy '{self.text} + {name}'.",
                    )
        phases = self.phases(options, 1, task.defaults)
        planned = Planned(options, task, dataset, phases, self.added)
        for name, addition in self.added.items():
            addition.check(planned)
            if addition.keeps_last and planned.trains_backbone and options.patience is not None:
                raise UserError(
                    f"{name} and --patience: with {name} the last epoch is kept, for validation data as "
                    "they are do not show what it is for",
                    "Leave --patience out.",
                )
        self._check_heeded(planned)

    def _check_heeded(self, planned: Planned) -> None:
        """Raise UserError for what would be ignored.

        Of options that a recipe may have set it is not known whether the user gave them.
        """
        options, own = planned.options, planned.options.recipe is None
        for option in _OF_BACKBONE if own and not planned.trains_backbone else ():
            if getattr(options, option) is not None:
                flag = flag_of(option)
                raise UserError(
                    f"{flag} means nothing where the backbone stays frozen, as with {self.text}",
                    f"Leave {flag} out, or choose a strategy that trains it, such as lp-ft.",
                )
        if options.epochs is not None and not planned.trains_backbone:
            longer = options.model_copy(update={"epochs": options.epochs + 1})
            phases = self.phases(longer, 1, planned.task.defaults)
            if any(phase.trains_backbone for phase in phases):
                raise UserError(
                    f"{self.name} has no epoch left for the backbone in --epochs {options.epochs}",
                    "Give more --epochs, or choose linear-probe, which trains the head alone.",
                )
        if own and options.patience is not None and not planned.validates:
            raise UserError(
                "--patience waits for better validation results, and there are no validation data",
                "Leave --patience out, or give --val-fraction.",
            )

    def check_splits(self, train: Dataset, val: Dataset) -> None:
        """Raise UserError for usable data that, once split, do not allow the additions."""
        for addition in self.added.values():
            addition.check_splits(train, val)

    def check_network(self, network: Network) -> None:
        """Raise UserError for a network that does not allow the additions."""
        for addition in self.added.values():
            addition.check_network(network)

    def phases(self, options: TuneOptions, layers: int, defaults: TrainingDefaults) -> list[Phase]:
        """Return what trains in which phase of a network with so many pretrained layers."""
        phases = self.strategy(options, layers, defaults)
        for addition in self.added.values():
            phases = addition.phases(phases, options)
        return phases

    @property
    def reads_before(self) -> bool:
        """Whether an addition needs the weights from before the backbone trained."""
        return any(addition.reads_before for addition in self.added.values())

    @property
    def keeps_last(self) -> bool:
        """Whether the last epoch of a phase of the backbone is kept, not the best."""
        return any(addition.keeps_last for addition in self.added.values())

    def training_rows(self, start: Start, inference: Inference) -> np.ndarray | None:
        """Return which of the training items are kept by every addition; None for all."""
        found = [addition.training_rows(start, inference) for addition in self.added.values()]
        kept = [rows for rows in found if rows is not None]
        return reduce(np.intersect1d, kept) if kept else None

    def parametrise(self, start: Start) -> None:
        """Put into the backbone what trains instead of its weights."""
        for addition in self.added.values():
            addition.parametrise(start)

    def trains(self, start: Start, phase: Phase) -> frozenset[str] | None:
        """Return the pretrained parameters that may train in a phase of the backbone; None for all."""
        return self._from_one(lambda addition: addition.trains(start, phase))

    def disturbance(self, start: Start) -> Disturbance | None:
        """Return what changes the inputs of a training pass, or None."""
        return self._from_one(lambda addition: addition.disturbance(start))

    def merge(self, network: Network) -> None:
        """Leave plain weights in the backbone."""
        for addition in self.added.values():
            addition.merge(network)

    def finish(self, end: End) -> dict[str, dict[str, Any]]:
        """Let the additions set the weights that are kept; return what they say, by name."""
        said = {name: addition.finish(end) for name, addition in self.added.items()}
        return {name: facts for name, facts in said.items() if facts}

    def objective(self, start: Start, objective: Objective) -> Objective:
        """Return the task's objective with the criterion of the additions."""
        for addition in self.added.values():
            objective.criterion = addition.criterion(start, objective.criterion)
        return objective

    def penalties(self, start: Start) -> dict[str, Penalty]:
        """Return what is added to the loss, by the name of the addition."""
        made = {name: addition.penalty(start) for name, addition in self.added.items()}
        return {name: penalty for name, penalty in made.items() if penalty is not None}

    def optimiser(self, groups: Sequence[dict[str, Any]]) -> torch.optim.Optimizer:
        """Return the optimiser over groups of parameters: AdamW where no addition takes its place."""
        found = self._from_one(lambda addition: addition.optimiser(groups))
        return torch.optim.AdamW(groups, fused=True) if found is None else found

    def perturbation(self) -> Perturbation | None:
        """Return where, seen from the weights, the gradient of a step is taken; or None."""
        return self._from_one(lambda addition: addition.perturbation())

    def averager(self, module: nn.Module, phase: Phase) -> Averager | None:
        """Return what is judged and kept in place of `module`, or None."""
        return self._from_one(lambda addition: addition.averager(module, phase))

    def schedule(self, phase: Phase, warmup: float) -> Schedule:
        """Return the schedule of the learning rate in `phase`."""
        found = self._from_one(lambda addition: addition.schedule(phase, warmup))
        return Schedule(warmup) if found is None else found

    def _from_one(self, of: Callable[[Addition], Made | None]) -> Made | None:
        """Return what the one addition makes that makes it: places see to it that there are not two."""
        return next((made for a in self.added.values() if (made := of(a)) is not None), None)


def read_plan(text: str) -> Plan:
    """Return the plan that an expression spells.

    The first name is a strategy, those after a plus are additions; settings of an addition stand in
    brackets behind its name: ``full + saliency-guided(weight=0.01)``.

    Raises
    ------
    UserError
        For an unknown or misplaced name (the nearest is suggested), a setting that does not exist
        or is out of range, or an expression of another form.
    """
    expression = read_expression(text, "strategy", _FORM)
    first, *rest = expression.terms
    said, name = expression.said, first.name
    if name in additions.names():
        raise UserError(
            f"{said}: {name} does not say what trains",
            f"Put a strategy before it: 'full + {expression}'.",
        )
    strategy = strategies.get(name)
    if first.settings:
        raise UserError(f"{said}: {name} has no settings in brackets", _FORM)
    added: dict[str, Addition] = {}
    for term in rest:
        other = term.name
        if other in strategies.names():
            raise UserError(
                f"{said}: {name} says what trains, and so does {other}",
                f"Leave one of them out; what can be added: {', '.join(additions.names())}.",
            )
        if other in added:
            raise UserError(f"{said}: {other} is added twice", "Leave one out.")
        made = expression.options(term, additions.get(other))
        rival = next((n for n, a in added.items() if a.place and a.place == made.place), None)
        if rival is not None:
            raise UserError(
                f"{said}: {rival} and {other} both are the {made.place} of the run",
                "Leave one of them out.",
            )
        added[other] = made
    return Plan(name, strategy, added, str(expression))

"""The plan that ``--strategy`` spells: what trains, and what is added, as ``lp-ft + saliency-guided``."""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

import torch
from torch import nn

from finetrust.config import TuneOptions, make_options
from finetrust.core.errors import UserError
from finetrust.core.nearest import did_you_mean
from finetrust.data.dataset import Dataset
from finetrust.tasks.task import Objective, Task
from finetrust.tuning.addition import Addition, Penalty, Planned, Start, additions
from finetrust.tuning.averager import Averager
from finetrust.tuning.optimizer import Schedule
from finetrust.tuning.perturbation import Perturbation
from finetrust.tuning.strategy import Phase, Strategy, strategies

Made = TypeVar("Made")

_PLUS = re.compile(r"\+(?![^(]*\))")
_PART = re.compile(r"([^()\s]+)\s*(?:\(([^()]*)\))?")
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
                        f"--{option.replace('_', '-')} means nothing without {name}",
                        f"Add it: --strategy '{self.text} + {name}'.",
                    )
        planned = Planned(options, task, dataset, self.strategy(options, 1, task.defaults))
        for addition in self.added.values():
            addition.check(planned)

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
    parts = [_part(part, text) for part in _PLUS.split(text)]
    (name, settings), rest = parts[0], parts[1:]
    if name in additions.names():
        others = " + ".join(_spelled(*part) for part in parts)
        raise UserError(
            f"strategy '{text}': {name} does not say what trains",
            f"Put a strategy before it: 'full + {others}'.",
        )
    strategy = strategies.get(name)
    if settings:
        raise UserError(f"strategy '{text}': {name} has no settings in brackets", _FORM)
    added: dict[str, Addition] = {}
    for other, given in rest:
        if other in strategies.names():
            raise UserError(
                f"strategy '{text}': {name} says what trains, and so does {other}",
                f"Leave one of them out; what can be added: {', '.join(additions.names())}.",
            )
        if other in added:
            raise UserError(f"strategy '{text}': {other} is added twice", "Leave one out.")
        made = _made(other, given, text)
        rival = next((n for n, a in added.items() if a.place and a.place == made.place), None)
        if rival is not None:
            raise UserError(
                f"strategy '{text}': {rival} and {other} both are the {made.place} of the run",
                "Leave one of them out.",
            )
        added[other] = made
    whole = " + ".join([name, *(_spelled(*part) for part in rest)])
    return Plan(name, strategy, added, whole)


def _part(part: str, text: str) -> tuple[str, dict[str, str]]:
    found = _PART.fullmatch(part.strip())
    if found is None:
        raise UserError(f"strategy '{text}': '{part.strip()}' is no name", _FORM)
    settings: dict[str, str] = {}
    for pair in filter(str.strip, (found[2] or "").split(",")):
        key, equals, value = (side.strip() for side in pair.partition("="))
        if not (key and equals and value) or key in settings:
            raise UserError(f"strategy '{text}': '{pair.strip()}' sets nothing", _FORM)
        settings[key.replace("-", "_")] = value
    return found[1], settings


def _made(name: str, given: Mapping[str, str], text: str) -> Addition:
    kind = additions.get(name)
    unknown = next((key for key in given if key not in kind.model_fields), None)
    if unknown is not None:
        known = f"Settings of {name}: {', '.join(kind.model_fields) or 'none'}."
        raise UserError(
            f"strategy '{text}': {name} has no setting '{unknown}'",
            f"{did_you_mean(unknown, kind.model_fields)} {known}".strip(),
        )
    return make_options(kind, given)


def _spelled(name: str, settings: Mapping[str, str]) -> str:
    inside = ", ".join(f"{key}={value}" for key, value in sorted(settings.items()))
    return f"{name}({inside})" if inside else name

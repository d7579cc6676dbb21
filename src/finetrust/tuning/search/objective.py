"""What a search is after: measures of the trust profile, each in the direction in which it is better."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from finetrust.core.errors import UserError
from finetrust.core.measure import MeasureDefinition, measures
from finetrust.core.nearest import did_you_mean

Direction = Literal["maximize", "minimize"]

_BETTER: dict[Direction, str] = {"maximize": "higher", "minimize": "lower"}
_OTHER: dict[Direction, Direction] = {"maximize": "minimize", "minimize": "maximize"}


@dataclass(frozen=True)
class Objective:
    """One measure.

    Parameters
    ----------
    key : str
        As in gates: ``accuracy`` or ``recall[class=cat]``.
    direction : {"maximize", "minimize"}
    """

    key: str
    direction: Direction

    @property
    def definition(self) -> MeasureDefinition:
        """What the measure is."""
        return measures.get(self.key.partition("[")[0])

    @property
    def title(self) -> str:
        """What a reader sees."""
        _, bracket, subset = self.key.partition("[")
        part = f" ({subset.rstrip(']').replace('=', ' ')})" if bracket else ""
        return self.definition.title + part

    def gain(self, value: float) -> float:
        """Return a value of the measure so that higher is better."""
        return value if self.direction == "maximize" else -value


def read_objectives(
    maximize: Sequence[str], minimize: Sequence[str], headline: str
) -> tuple[Objective, ...]:
    """Return what the user wants of a search; the task's headline where nothing is said.

    Raises
    ------
    UserError
        For an unknown measure (the nearest is suggested), one that is named twice, or a direction in
        which it gets worse.
    """
    found = [Objective(key, "maximize") for key in maximize]
    found += [Objective(key, "minimize") for key in minimize]
    for i, objective in enumerate(found):
        _check(objective)
        if objective.key in {other.key for other in found[:i]}:
            raise UserError(f"{objective.key} is named twice", "Name each measure once.")
    return tuple(found) or (Objective(headline, "maximize"),)


def _check(objective: Objective) -> None:
    name, names = objective.key.partition("[")[0], measures.names()
    if name not in names:
        raise UserError(
            f"--{objective.direction}: unknown measure '{name}'",
            did_you_mean(name, names) or f"Known: {', '.join(names)}.",
        )
    better = objective.definition.better
    if better != _BETTER[objective.direction]:
        raise UserError(
            f"--{objective.direction} {objective.key}: it is better the {better} it is",
            f"Write --{_OTHER[objective.direction]} {objective.key}.",
        )

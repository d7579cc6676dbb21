"""A trial: one way to challenge a model, in steps that are kept as soon as they are finished."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol

from finetrust.config import EvaluateOptions
from finetrust.core.predictions import Predictions
from finetrust.core.registry import Registry
from finetrust.tasks.task import Task
from finetrust.trust.trials.effort import EffortName

if TYPE_CHECKING:
    from finetrust.trust.trials.bench import Bench


@dataclass(frozen=True)
class Step:
    """What yields one table.

    Parameters
    ----------
    name : str
        Of the table, and of its file: letters, digits, ``_``, ``-`` and ``.``.
    run : callable
        Returns the table.
    settings : mapping
        JSON values: all that the table depends on besides the model, the items and the seed. A
        table that was made with other settings is made again.
    forward, backward : int
        How many single items go through the network, and how many of them forward and back; for the
        estimate of the time it takes.
    reads : bool
        Whether it reads the tables of the trial's steps before it.
    """

    name: str
    run: Callable[[], Predictions]
    settings: Mapping[str, Any] = field(default_factory=dict)
    forward: int = 0
    backward: int = 0
    reads: bool = False


class Trial(Protocol):
    """One way to challenge a model; registered by its name, one file each."""

    @property
    def title(self) -> str:
        """What a reader sees."""
        ...

    @property
    def efforts(self) -> tuple[EffortName, ...]:
        """At which efforts it is run where the user names no trials."""
        ...

    @property
    def after(self) -> tuple[str, ...]:
        """The trials whose tables its steps read; they are held first, asked for or not."""
        ...

    def check(self, options: EvaluateOptions, task: Task) -> None:
        """Raise UserError for an option that is wrong, before any long work starts."""
        ...

    def plan(self, bench: "Bench") -> Sequence[Step]:
        """Return its steps, none of them begun.

        Raises
        ------
        NotApplicable
            If it has no meaning for this model or these data.
        """
        ...


trials: Registry[Trial] = Registry("trial", "finetrust.trust")

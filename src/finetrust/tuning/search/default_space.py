"""The space that is searched where the user gives none: what is worth trying for a task."""

from collections.abc import Callable, Container

from finetrust.config import TuneOptions
from finetrust.core.errors import UserError
from finetrust.tasks.task import Task
from finetrust.tuning.addition import additions
from finetrust.tuning.search.space import (
    ADDITIONS,
    NOTHING,
    STRATEGY,
    Choice,
    Dimension,
    Range,
    Space,
)
from finetrust.tuning.strategy import strategies

PLACES = {
    "averaging": ("ema", "swa"),
    "pull": ("l2-sp", "delta"),
    "sharpness": ("sam",),
}
"""What may be added. What takes more than twice the time of a plain step, or is for data with a defect of
their own (long tails, wrong labels, shortcuts), is left to a space that the user writes."""

RATES = Range(0.1, 10.0, log=True, relative=True)
"""A factor of ten to both sides of the strategy's own rate."""

Possible = Callable[[str], None]
"""Raises UserError for an expression of strategy and additions that the data or the task do not allow."""


def default_space(
    task: Task, fixed: TuneOptions, given: Container[str], possible: Possible
) -> Space:
    """Return the space for a task, without what the user fixed.

    Parameters
    ----------
    task : Task
    fixed : TuneOptions
    given : container of str
        Options that the user gave: they are not varied.
    possible : callable
        Decides which strategies and additions are worth a trial.

    Raises
    ------
    UserError
        If no strategy makes sense with what is fixed: why that is so for the default one.
    """
    found: dict[str, Dimension] = {}
    if STRATEGY not in given:
        allowed = tuple(name for name in strategies.names() if _allowed(possible, name))
        if not allowed:
            possible(fixed.strategy)
        found[STRATEGY] = Choice(allowed)
        for place, names in PLACES.items():
            known = [name for name in names if name in additions.names()]
            fitting = [name for name in known if _allowed(possible, f"full + {name}")]
            if fitting:
                found[f"{ADDITIONS}.{place}"] = Choice((NOTHING, *fitting))
    others: dict[str, Dimension] = {
        "learning_rate": RATES,
        "weight_decay": Range(1e-4, 0.1, log=True),
        "augment": Choice(task.augments),
    }
    if fixed.weights != "random":
        others["layer_decay"] = Range(0.5, 1.0)
    if "label_smoothing" in task.options:
        others["label_smoothing"] = Choice((0.0, 0.05, 0.1, 0.2))
    if "mixup" in task.options:
        others["mixup"] = Choice((0.0, 0.1, 0.2, 0.4))
    found |= {name: dimension for name, dimension in others.items() if name not in given}
    return Space(found)


def _allowed(possible: Possible, text: str) -> bool:
    try:
        possible(text)
    except UserError:
        return False
    return True

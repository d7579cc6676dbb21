"""The task of a run: the one that the user names, or the one that the data are made for; its limits."""

from finetrust.config import CalibrationOptions
from finetrust.core.errors import UserError
from finetrust.core.nearest import did_you_mean
from finetrust.data.dataset import Dataset
from finetrust.tasks.task import Task, tasks


def task_of(dataset: Dataset, chosen: str | None) -> tuple[str, Task]:
    """Return name and task.

    Raises
    ------
    UserError
        If there is no such task, or it takes other inputs than the data hold.
    """
    name = chosen or dataset.task
    task = tasks.get(name)
    if task.kind.name != dataset.kind.name:
        raise UserError(
            f"{dataset.name} holds {dataset.kind.plural}, and {name} takes {task.kind.plural}",
            f"Give other data, or leave --task out (these are made for {dataset.task}).",
        )
    return name, task


def refuse_calibration(options: CalibrationOptions, task: Task, name: str) -> None:
    """Raise UserError for a calibration that is not made for the task."""
    if options.calibration not in task.calibrations:
        known = ", ".join(task.calibrations)
        raise UserError(
            f"calibration '{options.calibration}' is not made for {name}",
            f"{did_you_mean(options.calibration, task.calibrations)} "
            f"Choose --calibration among {known}.".strip(),
        )

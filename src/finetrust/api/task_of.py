"""The task of a run: the one that the user names, or the one that the data are made for."""

from finetrust.core.errors import UserError
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

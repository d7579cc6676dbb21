"""Observations: rows of features with an answer each, which is what every score reads."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import torch
from torch import Tensor

from finetrust.core.errors import UserError
from finetrust.core.progress import track
from finetrust.core.registry import Registry
from finetrust.data.dataset import Dataset
from finetrust.data.loader import Loader
from finetrust.models.inference import Inference
from finetrust.models.tree import Tree, leaves
from finetrust.selection.judge import Judge
from finetrust.selection.loaded import Loaded
from finetrust.tasks.task import Task


@dataclass(frozen=True, eq=False)
class Observations:
    """Features of what is to be told apart, and its classes; or the numbers to be predicted.

    Parameters
    ----------
    features : float32 array (n, d)
    labels : int64 array (n,) or None
        Below the number of classes; None where the answers are not one class each.
    item : int64 array (n,)
        The item of the data set that each belongs to.
    source_logits : float32 array (n, source classes) or None
        What the head that the model came with says of them; None where it came with none.
    targets : float array (n, t) or None
        Answers that are numbers, or tags (0 or 1).
    """

    features: np.ndarray
    labels: np.ndarray | None
    item: np.ndarray
    source_logits: np.ndarray | None = None
    targets: np.ndarray | None = None

    def __len__(self) -> int:
        return len(self.item)


class Observer(Protocol):
    """What a selection asks of a kind of target; registered by the name of the task."""

    counted: str
    """What is observed, in the plural: ``"images"``, ``"boxes"``."""

    disturbed: bool
    """Whether there is one row of features for each item, whose move under disturbance is measured."""

    def classes(self, dataset: Dataset) -> tuple[str, ...]:
        """Return the names of the classes."""
        ...

    def n_classes(self, dataset: Dataset) -> int:
        """Return how many classes or labels occur, by which a round takes more items; 1 at least."""
        ...

    def refuse(self, train: Dataset) -> None:
        """Raise UserError if the training items are too few for a choice."""
        ...

    def notes(self, train: Dataset) -> list[str]:
        """Return what limits the figures, as sentences."""
        ...

    def observe(
        self,
        inference: Inference,
        loaded: Loaded,
        task: Task,
        dataset: Dataset,
        workers: int | None,
    ) -> Observations:
        """Return the observations of all items, in one pass over them."""
        ...

    def judge(self, seen: Observations, dataset: Dataset, groups: list[str], seed: int) -> Judge:
        """Return what judges the observations; `groups` (n,) tells which of them belong together."""
        ...


NUMBERS = "numbers"
observers: Registry[Observer] = Registry("kind of target", "finetrust.selection.observed")


def observer_of(task_name: str, dataset: Dataset) -> Observer:
    """Return the observer of a task; numbers are observed alike whatever task they are targets of.

    Parameters
    ----------
    task_name : str
    dataset : Dataset
        With the targets as the task takes them.

    Raises
    ------
    UserError
        If models cannot be chosen for it.
    """
    if task_name in observers.names():
        return observers.get(task_name)
    targets = np.asarray(dataset.targets)
    if targets.ndim == 1 and targets.dtype.kind == "f":
        return observers.get(NUMBERS)
    raise UserError(
        f"a model cannot be chosen for {task_name}: its targets are neither classes nor numbers",
        "Name a model with finetrust tune --model.",
    )


def passes(
    inference: Inference, task: Task, dataset: Dataset, workers: int | None
) -> Iterator[tuple[np.ndarray, Tree, Tree]]:
    """Yield rows, features and prepared targets of a data set, batch by batch, behind a bar."""
    samples = task.samples(inference.preprocessing, "none")
    n, size = len(dataset), inference.batch_size
    parts = [np.arange(start, min(start + size, n)) for start in range(0, n, size)]
    loader = Loader(dataset, samples, workers)
    batches = loader.batches([[(int(row), None) for row in part] for part in parts])
    for part, (inputs, targets) in track(zip(parts, batches, strict=True), "features", len(parts)):
        yield part, inference.features(inputs), targets


def maps_of(features: Tree) -> list[Tensor]:
    """Return the feature maps (n, c, h, w) among what a backbone yields.

    Raises
    ------
    UserError
        If there are none.
    """
    found = [t for t in leaves(features) if t.ndim == 4]
    if not found:
        raise UserError(
            "the backbone yields no maps that the features of objects could be read from",
            "Choose a backbone of a classifier.",
        )
    return found


def gathered(features: list[Tensor], labels: list[Tensor], items: list[np.ndarray]) -> Observations:
    """Return what was gathered batch by batch as observations."""
    rows = torch.cat(features).cpu().numpy() if features else np.zeros((0, 0), np.float32)
    classes = torch.cat(labels).cpu().numpy() if labels else np.zeros(0, np.int64)
    where = np.concatenate(items) if items else np.zeros(0, np.int64)
    return Observations(rows.astype(np.float32), classes.astype(np.int64), where)

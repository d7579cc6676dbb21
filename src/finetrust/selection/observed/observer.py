"""Observations: rows of features with a class each, which is what every score reads."""

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
from finetrust.selection.loaded import Loaded
from finetrust.tasks.task import Task


@dataclass(frozen=True, eq=False)
class Observations:
    """Features and classes of what is to be told apart.

    Parameters
    ----------
    features : float32 array (n, d)
    labels : int64 array (n,)
        Below the number of classes.
    item : int64 array (n,)
        The item of the data set that each belongs to.
    source_logits : float32 array (n, source classes) or None
        What the head that the model came with says of them; None where it came with none.
    """

    features: np.ndarray
    labels: np.ndarray
    item: np.ndarray
    source_logits: np.ndarray | None = None

    def __len__(self) -> int:
        return len(self.labels)


class Observer(Protocol):
    """What a selection asks of a kind of target; registered by the name of the task."""

    counted: str
    """What is observed, in the plural: ``"images"``, ``"boxes"``."""

    disturbed: bool
    """Whether there is one row of features for each item, whose move under disturbance is measured."""

    def classes(self, dataset: Dataset) -> tuple[str, ...]:
        """Return the names of the classes."""
        ...

    def class_counts(self, dataset: Dataset) -> np.ndarray:
        """Return how many observations there are of each class: int64 array (classes,)."""
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


observers: Registry[Observer] = Registry("kind of target", "finetrust.selection.observed")


def observer_of(task_name: str) -> Observer:
    """Return the observer of a task.

    Raises
    ------
    UserError
        If models cannot be chosen for it.
    """
    known = observers.names()
    if task_name not in known:
        raise UserError(
            f"a model cannot be chosen for {task_name}: its targets are not one class each",
            f"Choosing is made for {', '.join(known)}; name a model with finetrust tune --model.",
        )
    return observers.get(task_name)


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

"""A task: what a target is, which head fits, the loss, the primary metric, how outputs decode."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Protocol

from torch import Tensor, nn

from finetrust.config import TuneOptions
from finetrust.core.predictions import Predictions
from finetrust.core.registry import Registry
from finetrust.data.dataset import Dataset

Mix = Callable[[Tensor, Tensor], tuple[Tensor, Tensor]]


class Task(Protocol):
    """What the shared code asks of a task; one file per task."""

    primary: str
    """Name of the validation figure by which epochs are compared; higher is better."""

    def new_head(self, features: int, classes: Sequence[str]) -> nn.Module:
        """Return an untrained head over features (n, features)."""
        ...

    def loss(self, options: TuneOptions, train: Dataset) -> nn.Module:
        """Return the training loss: outputs and targets of a batch to their mean loss."""
        ...

    def mix(self, options: TuneOptions, classes: Sequence[str]) -> Mix | None:
        """Return what mixes the items of a training batch, or None."""
        ...

    def validate(self, outputs: Tensor, targets: Tensor) -> dict[str, float]:
        """Return the figures of one validation pass: ``loss`` and the primary metric."""
        ...

    def predictions(self, ids: Sequence[str], outputs: Tensor, targets: Tensor) -> Predictions:
        """Return outputs as a table of predictions."""
        ...

    def decode(
        self, outputs: Tensor, classes: Sequence[str], calibration: Mapping[str, Any], top: int
    ) -> list[dict[str, Any]]:
        """Return what a user wants to know about each input, as JSON values."""
        ...


tasks: Registry[Task] = Registry("task", "finetrust.tasks")

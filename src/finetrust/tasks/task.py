"""A task: what a target is, which network fits, the loss, the primary metric, how outputs decode."""

import json
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
from torch import Tensor, nn

from finetrust.config import DataColumns, ModelOptions, TuneOptions
from finetrust.core.errors import UserError
from finetrust.core.measure import Axis
from finetrust.core.predictions import Predictions
from finetrust.core.registry import Registry
from finetrust.data.dataset import Dataset
from finetrust.data.findings import Findings
from finetrust.data.images.augmentations.augment import borne
from finetrust.data.images.augmentations.augmentation import Change
from finetrust.data.input_kind import InputKind, Size
from finetrust.data.predictions_table import GivenPredictions, PredictionColumns
from finetrust.data.samples import Samples
from finetrust.models.tree import Tree, n_items
from finetrust.tasks.caution import Caution, Cautious
from finetrust.tasks.weighted_mean import WeightedMean

if TYPE_CHECKING:
    from finetrust.models.assemble import Assembled
    from finetrust.models.network import Network
    from finetrust.models.preprocessor import Preprocessor

TASK_OPTIONS = (
    "head",
    "loss",
    "pooling",
    "class_weights",
    "label_smoothing",
    "mixup",
    "cutmix",
    "max_length",
    "sliding_window",
)
"""The options of ``finetrust tune`` that mean something for some tasks only."""

Mix = Callable[[Tensor, Tensor], tuple[Tensor, Tensor]]


class Objective(nn.Module):
    """The training loss of outputs and targets.

    A task whose head computes its own loss overrides `forward`.

    Parameters
    ----------
    criterion : nn.Module
        Outputs (in float32) and targets of a batch to their mean loss.
    """

    def __init__(self, criterion: nn.Module) -> None:
        super().__init__()
        self.criterion = criterion

    def forward(self, module: nn.Module, inputs: Tree, targets: Tree) -> Tensor:
        """Return the mean loss of `module`, the network or its head, on a batch."""
        return self.criterion(module(inputs).float(), targets)

    def total_weight(self, targets: Tree) -> float:
        """Return how much the loss of a batch counts beside those of the other parts of a larger one.

        By this, the loss of the whole is the mean of those of its parts, where it is a mean over items,
        words or pixels. It is the number of items where the criterion does not tell.
        """
        own: object = self.criterion
        if isinstance(own, WeightedMean):
            return float(own.total_weight(targets))
        return float(n_items(targets))


@dataclass(frozen=True)
class TrainingDefaults:
    """What a strategy takes where the user says nothing.

    Parameters
    ----------
    probe_rate, full_rate : float
        Peak learning rate of what is new, on a frozen backbone and beside one that trains.
    backbone_share : float
        Rate of the topmost pretrained layer as a share of the full rate.
    without_batch_norm : float
        Factor on that share for a network that has no batch norm.
    scratch_rate : float
        Rate of every layer where the backbone starts from random weights.
    layer_decay : float
        Factor on the rate from each pretrained layer to the one below it.
    augment : str
        Augmentation while the backbone trains, as ``--augment`` spells it.
    probe_epochs, full_epochs : int
        Epochs of a phase on the frozen backbone, and of one in which the backbone trains.
    """

    probe_rate: float = 1e-2
    full_rate: float = 1e-3
    backbone_share: float = 0.3
    without_batch_norm: float = 0.1
    scratch_rate: float = 1e-3
    layer_decay: float = 0.9
    augment: str = "crop-flip"
    probe_epochs: int = 20
    full_epochs: int = 10


class Baseline(Protocol):
    """A plain model that every network must beat to be worth its cost."""

    def predictions(self, dataset: Dataset) -> Predictions:
        """Return its outputs in the columns that the task's own predictions have."""
        ...

    def save(self, folder: Path) -> None:
        """Write it to `folder`, without a pickle."""
        ...


class Task(ABC):
    """What the shared code asks of a task; one file per task."""

    kind: InputKind
    """What its inputs are."""

    primary: str
    """Name of the validation figure by which epochs are compared; higher is better."""

    headlines: Mapping[Axis, str] = {}
    """The measure that stands for an axis in the report."""

    explanations: tuple[str, ...] = ()
    """The registered explanations that single decisions are shown with."""

    counted: str = "items"
    """What class counts are counts of, in the plural."""

    changes: frozenset[Change] = frozenset({"frame", "colours", "parts"})
    """What of an input an augmentation may change without making its target wrong."""

    background: tuple[str, ...] = ()
    """Classes that stand for nothing in particular; that they are many says nothing."""

    balances: bool = True
    """Whether its loss can weight the classes (``--class-weights balanced``)."""

    near_copies_agree: bool = True
    """Whether nearly the same inputs must have the same target; boxes and masks move with them."""

    pipeline: str = ""
    """What Hugging Face's hub calls it."""

    options: frozenset[str] = frozenset()
    """Which of `TASK_OPTIONS` it heeds; another one that the user gives is refused."""

    defaults: TrainingDefaults = TrainingDefaults()

    average: Callable[[Sequence[Tree]], Tree] | None = None
    """From the outputs of several networks for the same inputs to one; None where that means nothing."""

    # What a target is.

    @abstractmethod
    def prepare(self, dataset: Dataset, options: DataColumns) -> Dataset:
        """Return `dataset` with targets as this task takes them.

        Raises
        ------
        UserError
            If its targets are of another kind.
        """

    def align(self, dataset: Dataset, classes: tuple[str, ...]) -> Dataset:
        """Return `dataset` with its targets counted in the classes of a model."""
        return dataset

    def examine(self, dataset: Dataset, sizes: Sequence[Size]) -> tuple[Dataset, Findings]:
        """Return `dataset` with its targets checked against the sizes of its inputs."""
        return dataset, Findings()

    def refuse(self, before: Dataset, after: Dataset) -> None:
        """Raise UserError if the usable items `after` the checks are too few to train on."""

    def strata(self, dataset: Dataset) -> np.ndarray:
        """Return for each item what splits are stratified by: int array (n,)."""
        return np.zeros(len(dataset), np.int64)

    def class_counts(self, dataset: Dataset) -> np.ndarray:
        """Return how many of what is `counted` there are of each class: int array (classes,)."""
        return np.zeros(len(dataset.classes), np.int64)

    @abstractmethod
    def label(self, target: Any, classes: Sequence[str]) -> str:
        """Return a target as text: copies whose texts differ contradict each other."""

    def baseline(self, train: Dataset) -> Baseline | None:
        """Return a plain model fitted to the training data, to show beside the network; or None."""
        return None

    @property
    def augments(self) -> tuple[str, ...]:
        """What ``--augment`` may be made of."""
        return borne(self.changes)

    @property
    def calibrations(self) -> tuple[str, ...]:
        """The values of ``--calibration`` there are for it."""
        return ("temperature", "none")

    def load_baseline(self, folder: Path) -> Baseline | None:
        """Return what the baseline's ``save`` wrote, or None if there is none."""
        return None

    # Which network fits.

    @abstractmethod
    def assemble(
        self,
        options: ModelOptions,
        dataset: Dataset,
        module: nn.Module | None = None,
        preprocessing: "Preprocessor | None" = None,
    ) -> "Assembled":
        """Load the model that `options` name, or take a copy of `module`, ready for a head."""

    @abstractmethod
    def network(
        self, assembled: "Assembled", classes: Sequence[str], options: TuneOptions
    ) -> "Network":
        """Return the assembled backbone under an untrained head."""

    def begin(self, network: "Network", train: Dataset) -> None:
        """Set what the untrained head may know of the training targets, such as their scale."""

    @abstractmethod
    def as_it_comes(
        self, assembled: "Assembled", dataset: Dataset
    ) -> "tuple[Network, tuple[str, ...]]":
        """Return the assembled model with the head it came with, and the classes of its outputs.

        Raises
        ------
        UserError
            If it has no head, or its outputs cannot be matched with the classes of the data.
        """

    @abstractmethod
    def restore(
        self, module: nn.Module, recipe: Mapping[str, Any], preprocessing: "Preprocessor"
    ) -> "Network":
        """Return the untrained network again, from its architecture and `Network.recipe`."""

    @abstractmethod
    def load_preprocessing(self, values: dict[str, Any], folder: Path) -> "Preprocessor":
        """Return the preprocessing that its ``save`` wrote."""

    # How it is trained.

    @abstractmethod
    def samples(self, preprocessing: "Any", augment: str) -> Samples:
        """Return how items become batches; ``"none"`` leaves nothing random."""

    @abstractmethod
    def objective(self, options: TuneOptions, train: Dataset) -> Objective:
        """Return the training loss."""

    def mix(self, options: TuneOptions, classes: Sequence[str]) -> Mix | None:
        """Return what mixes the items of a training batch, or None."""
        return None

    @abstractmethod
    def judge(self, outputs: Tree, targets: Tree) -> Any:
        """Return what `figures` needs of a batch of validation outputs: small, and on the CPU."""

    @abstractmethod
    def figures(self, judged: Sequence[Any], classes: Sequence[str]) -> dict[str, float]:
        """Return the figures of a validation pass: the primary one, and ``loss`` where it has one."""

    # What it answers.

    @abstractmethod
    def predictions(self, part: Dataset, outputs: Tree) -> Predictions:
        """Return the outputs for the items of `part` as a table of predictions."""

    @abstractmethod
    def decode(
        self,
        outputs: Tree,
        values: Sequence[Any],
        classes: Sequence[str],
        calibration: Mapping[str, Any],
        top: int,
    ) -> list[dict[str, Any]]:
        """Return what a user wants to know about each of the inputs `values`, as JSON values."""

    def cautious(
        self, classes: Sequence[str], calibration: Mapping[str, Any], caution: Caution
    ) -> Cautious:
        """Return what adds to answers the sets and the abstentions that a user asks for.

        Raises
        ------
        UserError
            If the task has none, or the calibration does not allow what is asked.
        """
        raise UserError(
            "sets and abstention are made for one class, or labels, for each input, and this model "
            f"is for {self.pipeline or 'another task'}",
            "Leave --set, --coverage and --max-risk out.",
        )

    def read_predictions(self, file: Path, columns: PredictionColumns) -> GivenPredictions:
        """Read a table of predictions made elsewhere; by default one with the task's own columns.

        Raises
        ------
        UserError
            If it cannot be read.
        """
        return GivenPredictions(Predictions.load(file), columns.classes)

    def line(self, answer: Mapping[str, Any]) -> str:
        """Return what `decode` says about one input on one line of text."""
        return "\t".join(f"{name} {_short(value)}" for name, value in answer.items())


def _short(value: Any) -> str:
    return f"{value:.6g}" if isinstance(value, float) else json.dumps(value, ensure_ascii=False)


tasks: Registry[Task] = Registry("task", "finetrust.tasks")

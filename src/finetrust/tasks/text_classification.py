"""Text classification: one of several classes for each text, or pair of texts."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from torch import Tensor, nn

from finetrust.config import DataColumns, TuneOptions
from finetrust.core.errors import UserError
from finetrust.core.predictions import Predictions
from finetrust.data.dataset import Dataset
from finetrust.models.assemble import Assembled
from finetrust.models.network import Network
from finetrust.tasks.class_targets import (
    aligned,
    balanced_weights,
    class_figures,
    class_predictions,
    counts_by_class,
    decoded_classes,
    refuse_lost_classes,
    require_classes,
)
from finetrust.tasks.task import Objective, tasks
from finetrust.tasks.text_baseline import TextBaseline
from finetrust.tasks.text_task import TextTask, network_as_it_comes


class TextClassification(TextTask):
    """Targets are class indices (n,), outputs are logits (n, classes)."""

    options = frozenset({"class_weights", "label_smoothing", "pooling", "max_length"})
    primary = "accuracy"
    headlines = {"accuracy": "accuracy", "stability": "corruption_accuracy"}
    explanations = ("token_attributions",)
    pipeline = "text-classification"

    def prepare(self, dataset: Dataset, options: DataColumns) -> Dataset:
        return require_classes(dataset, "text-classification")

    def align(self, dataset: Dataset, classes: tuple[str, ...]) -> Dataset:
        return aligned(dataset, classes)

    def refuse(self, before: Dataset, after: Dataset) -> None:
        refuse_lost_classes(before, after)

    def strata(self, dataset: Dataset) -> np.ndarray:
        return dataset.targets

    def class_counts(self, dataset: Dataset) -> np.ndarray:
        return counts_by_class(dataset)

    def label(self, target: Any, classes: Sequence[str]) -> str:
        return classes[target]

    def baseline(self, train: Dataset) -> TextBaseline | None:
        return TextBaseline.of_classes(train)

    def load_baseline(self, folder: Path) -> TextBaseline | None:
        return TextBaseline.load(folder, class_predictions)

    def n_outputs(self, classes: Sequence[str]) -> int:
        return len(classes)

    def as_it_comes(
        self, assembled: Assembled, dataset: Dataset
    ) -> tuple[Network, tuple[str, ...]]:
        network = network_as_it_comes(assembled)
        return network, class_names(assembled, dataset)

    def objective(self, options: TuneOptions, train: Dataset) -> Objective:
        balanced = options.class_weights == "balanced"
        weight = balanced_weights(counts_by_class(train)) if balanced else None
        return Objective(
            nn.CrossEntropyLoss(weight=weight, label_smoothing=options.label_smoothing)
        )

    def judge(self, outputs: Tensor, targets: Tensor) -> tuple[Tensor, Tensor]:
        return outputs.cpu(), targets.cpu()

    def figures(
        self, judged: Sequence[tuple[Tensor, Tensor]], classes: Sequence[str]
    ) -> dict[str, float]:
        return class_figures(judged)

    def predictions(self, part: Dataset, outputs: Tensor) -> Predictions:
        return class_predictions(part, outputs)

    def decode(
        self,
        outputs: Tensor,
        values: Sequence[Any],
        classes: Sequence[str],
        calibration: Mapping[str, Any],
        top: int,
    ) -> list[dict[str, Any]]:
        return decoded_classes(outputs, classes, calibration, top)


tasks.add("text-classification", TextClassification())


def class_names(assembled: Assembled, dataset: Dataset) -> tuple[str, ...]:
    """Return the names of the outputs that a model came with; of the data where it names none.

    Raises
    ------
    UserError
        If it names none, and has another number of them.
    """
    if assembled.classes:
        return assembled.classes
    outputs = assembled.parts.encoder.config.num_labels
    if outputs != len(dataset.classes):
        raise UserError(
            f"the model has {outputs} outputs without names, the data have "
            f"{len(dataset.classes)} classes",
            "Evaluate on data with the same classes, or tune the model first.",
        )
    return dataset.classes

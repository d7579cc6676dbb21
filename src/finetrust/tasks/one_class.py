"""One class an item, whatever the item is: the side of a task that has to do with its targets."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from torch import Tensor

from finetrust.config import DataColumns, TuneOptions
from finetrust.core.predictions import Predictions
from finetrust.data.dataset import Dataset
from finetrust.data.predictions_table import (
    GivenPredictions,
    PredictionColumns,
    read_class_predictions,
)
from finetrust.tasks.averages import mean_of_classes
from finetrust.tasks.caution import Caution, Cautious
from finetrust.tasks.cautious_classes import cautious_classes
from finetrust.tasks.class_targets import (
    aligned,
    balanced_weights,
    class_figures,
    class_predictions,
    classes_line,
    counts_by_class,
    decoded_classes,
    refuse_lost_classes,
    require_classes,
)
from finetrust.tasks.task import Objective, Task
from finetrust.tasks.weighted_mean import ItemCrossEntropy
from finetrust.trust.accuracy.calibration.calibrate import class_calibrations


class OneClass(Task):
    """Targets are class indices (n,), outputs are logits (n, classes)."""

    primary = "accuracy"
    headlines = {"accuracy": "accuracy", "stability": "corruption_accuracy"}
    average = staticmethod(mean_of_classes)

    @property
    def calibrations(self) -> tuple[str, ...]:
        return class_calibrations()

    def prepare(self, dataset: Dataset, options: DataColumns) -> Dataset:
        return require_classes(dataset, self.pipeline)

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

    def n_outputs(self, classes: Sequence[str]) -> int:
        return len(classes)

    def objective(self, options: TuneOptions, train: Dataset) -> Objective:
        balanced = options.class_weights == "balanced"
        weight = balanced_weights(counts_by_class(train)) if balanced else None
        return Objective(ItemCrossEntropy(weight, label_smoothing=options.label_smoothing))

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

    def cautious(
        self, classes: Sequence[str], calibration: Mapping[str, Any], caution: Caution
    ) -> Cautious:
        return cautious_classes(classes, calibration, caution)

    def read_predictions(self, file: Path, columns: PredictionColumns) -> GivenPredictions:
        return read_class_predictions(file, columns)

    def line(self, answer: Mapping[str, Any]) -> str:
        return classes_line(answer)

"""Multi-label text classification: any number of labels for each text, or pair of texts."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from finetrust.config import DataColumns, TuneOptions
from finetrust.core.errors import UserError
from finetrust.core.predictions import Predictions
from finetrust.data.dataset import Dataset
from finetrust.models.assemble import Assembled
from finetrust.models.network import Network
from finetrust.tasks.averages import mean_of_labels
from finetrust.tasks.caution import Caution, Cautious
from finetrust.tasks.cautious_labels import cautious_labels
from finetrust.tasks.label_targets import (
    aligned_labels,
    label_counts,
    label_figures,
    label_predictions,
    rarest_labels,
    require_labels,
)
from finetrust.tasks.task import Objective, tasks
from finetrust.tasks.text_baseline import TextBaseline
from finetrust.tasks.text_classification import class_names
from finetrust.tasks.text_task import TextTask, network_as_it_comes

_DEFAULT_THRESHOLD = 0.5


class LabelLoss(nn.Module):
    """Binary cross-entropy of every label, averaged.

    Parameters
    ----------
    positive_weight : Tensor (labels,) or None
        Weight of the items that have a label.
    smoothing : float
        Targets are moved by half of it towards one half.
    """

    positive_weight: Tensor | None

    def __init__(self, positive_weight: Tensor | None, smoothing: float) -> None:
        super().__init__()
        self.register_buffer("positive_weight", positive_weight)
        self.smoothing = smoothing

    def forward(self, logits: Tensor, targets: Tensor) -> Tensor:
        wanted = targets * (1 - self.smoothing) + self.smoothing / 2
        return functional.binary_cross_entropy_with_logits(
            logits, wanted, pos_weight=self.positive_weight
        )


class MultiLabelTextClassification(TextTask):
    """Targets are multi-hot rows (n, labels), outputs are logits (n, labels)."""

    options = frozenset({"class_weights", "label_smoothing", "pooling", "max_length"})
    primary = "micro_f1"
    headlines = {"accuracy": "label_micro_f1", "stability": "corruption_label_f1"}
    average = staticmethod(mean_of_labels)
    pipeline = "text-classification"

    def prepare(self, dataset: Dataset, options: DataColumns) -> Dataset:
        return require_labels(dataset, "multi-label-text-classification")

    def align(self, dataset: Dataset, classes: tuple[str, ...]) -> Dataset:
        return aligned_labels(dataset, classes)

    def refuse(self, before: Dataset, after: Dataset) -> None:
        lost = np.flatnonzero((label_counts(before) > 0) & (label_counts(after) == 0))
        if len(lost):
            raise UserError(
                f"{before.name}: no text with the label '{before.classes[lost[0]]}' can be read",
                "Restore its texts or remove the label.",
            )

    def strata(self, dataset: Dataset) -> np.ndarray:
        return rarest_labels(dataset.targets)

    def class_counts(self, dataset: Dataset) -> np.ndarray:
        return label_counts(dataset)

    def label(self, target: Any, classes: Sequence[str]) -> str:
        return ", ".join(classes[i] for i in np.flatnonzero(target > 0.5).tolist()) or "no label"

    def baseline(self, train: Dataset) -> TextBaseline:
        return TextBaseline.of_labels(train)

    def load_baseline(self, folder: Path) -> TextBaseline | None:
        return TextBaseline.load(folder, label_predictions)

    def n_outputs(self, classes: Sequence[str]) -> int:
        return len(classes)

    def as_it_comes(
        self, assembled: Assembled, dataset: Dataset
    ) -> tuple[Network, tuple[str, ...]]:
        network = network_as_it_comes(assembled)
        return network, class_names(assembled, dataset)

    def objective(self, options: TuneOptions, train: Dataset) -> Objective:
        weight = None
        if options.class_weights == "balanced":
            counts = label_counts(train).clip(1)
            weight = torch.tensor((len(train) - counts).clip(1) / counts, dtype=torch.float32)
        return Objective(LabelLoss(weight, options.label_smoothing))

    def judge(self, outputs: Tensor, targets: Tensor) -> tuple[Tensor, Tensor]:
        return outputs.cpu(), targets.cpu()

    def figures(
        self, judged: Sequence[tuple[Tensor, Tensor]], classes: Sequence[str]
    ) -> dict[str, float]:
        return label_figures(judged)

    def predictions(self, part: Dataset, outputs: Tensor) -> Predictions:
        return label_predictions(part, outputs)

    def decode(
        self,
        outputs: Tensor,
        values: Sequence[Any],
        classes: Sequence[str],
        calibration: Mapping[str, Any],
        top: int,
    ) -> list[dict[str, Any]]:
        threshold = calibration.get("label_threshold", _DEFAULT_THRESHOLD)
        return [
            _decoded(of_text, classes, threshold, top)
            for of_text in outputs.double().cpu().sigmoid()
        ]

    def cautious(
        self, classes: Sequence[str], calibration: Mapping[str, Any], caution: Caution
    ) -> Cautious:
        return cautious_labels(classes, calibration, caution)


tasks.add("multi-label-text-classification", MultiLabelTextClassification())


def _decoded(
    probabilities: Tensor, classes: Sequence[str], threshold: float, top: int
) -> dict[str, Any]:
    if not probabilities.isfinite().all():
        return {"error": "the model returned NaN or infinity"}
    values, indices = probabilities.sort(descending=True, stable=True)
    ranked: list[dict[str, Any]] = [
        {"label": classes[int(i)], "probability": float(p)}
        for p, i in zip(values, indices, strict=True)
    ]
    return {
        "labels": [one["label"] for one in ranked if one["probability"] >= threshold],
        "top": ranked[:top],
    }

"""Classification: one of several classes for each input."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from finetrust.config import TuneOptions
from finetrust.core.predictions import Predictions
from finetrust.data.dataset import Dataset
from finetrust.tasks.task import Mix, tasks


class Classification:
    """Targets are class indices (n,), outputs are logits (n, classes)."""

    primary = "accuracy"

    def new_head(self, features: int, classes: Sequence[str]) -> nn.Module:
        return nn.Linear(features, len(classes))

    def loss(self, options: TuneOptions, train: Dataset) -> nn.Module:
        weight = _balanced(train) if options.class_weights == "balanced" else None
        return nn.CrossEntropyLoss(weight=weight, label_smoothing=options.label_smoothing)

    def mix(self, options: TuneOptions, classes: Sequence[str]) -> Mix | None:
        from torchvision.transforms import v2

        choices: list[Any] = []
        if options.mixup:
            choices.append(v2.MixUp(alpha=options.mixup, num_classes=len(classes)))
        if options.cutmix:
            choices.append(v2.CutMix(alpha=options.cutmix, num_classes=len(classes)))
        return v2.RandomChoice(choices) if choices else None

    def validate(self, outputs: Tensor, targets: Tensor) -> dict[str, float]:
        return {
            "loss": float(functional.cross_entropy(outputs.double(), targets)),
            "accuracy": float((outputs.argmax(1) == targets).double().mean()),
        }

    def predictions(self, ids: Sequence[str], outputs: Tensor, targets: Tensor) -> Predictions:
        columns = {
            "target": targets.cpu().numpy().astype(np.int64),
            "logits": outputs.float().cpu().numpy(),
        }
        return Predictions(np.asarray(ids, dtype=str), columns)

    def decode(
        self, outputs: Tensor, classes: Sequence[str], calibration: Mapping[str, Any], top: int
    ) -> list[dict[str, Any]]:
        probabilities = torch.softmax(
            outputs.double().cpu() / calibration.get("temperature", 1.0), 1
        )
        return [_decoded(of_item, classes, top) for of_item in probabilities]


tasks.add("classification", Classification())


def _balanced(train: Dataset) -> Tensor:
    counts = np.bincount(train.targets, minlength=len(train.classes)).clip(1)
    return torch.tensor(len(train) / (len(train.classes) * counts), dtype=torch.float32)


def _decoded(probabilities: Tensor, classes: Sequence[str], top: int) -> dict[str, Any]:
    if not probabilities.isfinite().all():
        return {"error": "the model returned NaN or infinity"}
    values, indices = probabilities.topk(min(top, len(classes)))
    best = [
        {"class": classes[int(i)], "probability": float(p)}
        for p, i in zip(values, indices, strict=True)
    ]
    return {**best[0], "top": best}

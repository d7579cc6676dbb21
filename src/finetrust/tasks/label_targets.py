"""Any number of labels an item: multi-hot targets, one logit and one probability a label."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from finetrust.core.errors import UserError
from finetrust.core.predictions import Predictions
from finetrust.data.dataset import Dataset
from finetrust.tasks.class_targets import class_positions


def require_labels(dataset: Dataset, task: str) -> Dataset:
    """Return `dataset` if its targets are multi-hot rows.

    Raises
    ------
    UserError
        If they are something else.
    """
    if dataset.targets.ndim == 2 and dataset.targets.shape[1] == len(dataset.classes):
        return dataset
    raise UserError(
        f"{dataset.name}: the data are made for {dataset.task}, and {task} takes any number of labels "
        "for each item",
        f"Leave --task out, or name --label-separator, or choose --task {dataset.task}.",
    )


def aligned_labels(dataset: Dataset, classes: tuple[str, ...]) -> Dataset:
    """Return `dataset` with its labels in the order of a model's.

    Raises
    ------
    UserError
        For a label of the data that the model does not know.
    """
    targets = np.zeros((len(dataset), len(classes)), np.float32)
    targets[:, class_positions(dataset, classes)] = dataset.targets
    return replace(dataset, targets=targets, classes=classes)


def label_counts(dataset: Dataset) -> np.ndarray:
    """Return how many items have each label: int64 array (labels,)."""
    return (dataset.targets > 0.5).sum(axis=0).astype(np.int64)


def rarest_labels(targets: np.ndarray) -> np.ndarray:
    """Return the rarest label of each item, or one more than there are: int64 array (n,).

    By which splits are stratified: what is rare is shared out evenly first.
    """
    has = targets > 0.5
    order = np.argsort(has.sum(axis=0), kind="stable")
    first = has[:, order].argmax(axis=1)
    return np.where(has.any(axis=1), order[first], targets.shape[1])


def label_figures(judged: Sequence[tuple[Tensor, Tensor]]) -> dict[str, float]:
    """Return loss and micro F1 (threshold 0.5) of logits and targets (n, labels), batch by batch."""
    logits, targets = (torch.cat(column) for column in zip(*judged, strict=True))
    given, wanted = logits > 0, targets > 0.5
    both = int(given.sum() + wanted.sum())
    return {
        "loss": float(
            functional.binary_cross_entropy_with_logits(logits.double(), targets.double())
        ),
        "micro_f1": 2 * int((given & wanted).sum()) / both if both else 1.0,
    }


def label_predictions(part: Dataset, logits: Tensor) -> Predictions:
    """Return logits (n, labels) as the columns ``label_targets`` and ``label_logits``."""
    columns = {
        "label_targets": (part.targets > 0.5).astype(np.uint8),
        "label_logits": logits.float().cpu().numpy(),
    }
    return Predictions(np.asarray(part.ids, dtype=str), columns)

"""Predictions of a network for a whole data set, batch by batch, in the order of its items."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from torch import Tensor

from finetrust.core.predictions import Predictions
from finetrust.data.dataset import Dataset
from finetrust.models.features import batched_outputs
from finetrust.models.inference import Inference
from finetrust.tasks.task import Task


def predicted(
    task: Task,
    inference: Inference,
    dataset: Dataset,
    workers: int | None,
    label: str = "predictions",
) -> Predictions:
    """Return what the network says about every item; at least one.

    Where the features of an item are one row of numbers, they are the column ``features``.
    """
    parts, order = [], []
    for rows, features, outputs in batched_outputs(inference, dataset, workers, label):
        part = task.predictions(dataset.take(rows), outputs)
        if isinstance(features, Tensor) and features.ndim == 2 and len(features) == len(rows):
            columns = {**part.columns, "features": features.float().cpu().numpy()}
            part = replace(part, columns=columns)
        parts.append(part)
        order.append(rows)
    return in_order(parts, order)


def in_order(parts: Sequence[Predictions], order: Sequence[np.ndarray]) -> Predictions:
    """Return the parts as one table, sorted by the rows that they are of."""
    rows = np.concatenate(order)
    joined = Predictions.joined(parts)
    return joined if np.array_equal(rows, np.arange(len(rows))) else joined.take(np.argsort(rows))

"""What a network yields for the items of a data set: features that are rows, and logits."""

from collections.abc import Iterator

import numpy as np
import torch
from torch import Tensor

from finetrust.core.errors import NotApplicable
from finetrust.data.dataset import Dataset
from finetrust.models.features import batched_inputs, batched_outputs
from finetrust.models.inference import Inference
from finetrust.models.tree import Tree
from finetrust.trust.stability.ood.score import Seen


def seen_of(inference: Inference, dataset: Dataset, workers: int | None, label: str) -> Seen:
    """Return features and logits of every item, in their order.

    Features of items with digests that an earlier run has cached are read.

    Raises
    ------
    NotApplicable
        If features or outputs are something else than a row of numbers for each item.
    """
    if inference.around is not None:
        raise NotApplicable("the model reads an input in several parts")
    order, features, logits = [], [], []
    for rows, found, outputs in _passes(inference, dataset, workers, label):
        order.append(rows)
        features.append(rows_of_numbers(found, len(rows)))
        logits.append(rows_of_numbers(outputs, len(rows)))
    if not order:
        raise NotApplicable("there are no items")
    back = np.argsort(np.concatenate(order))
    return Seen(np.concatenate(features)[back], np.concatenate(logits)[back])


def rows_of_numbers(found: Tree | None, n: int) -> np.ndarray:
    """Return what a network yields for n inputs as an array: float32 (n, d).

    Raises
    ------
    NotApplicable
        If it is no row of numbers for each of them.
    """
    if not isinstance(found, Tensor) or found.ndim != 2 or len(found) != n:
        raise NotApplicable("what the model yields for an input is no row of numbers")
    return found.to("cpu", torch.float32).numpy()


def _passes(
    inference: Inference, dataset: Dataset, workers: int | None, label: str
) -> Iterator[tuple[np.ndarray, Tree | None, Tree]]:
    if dataset.digests:
        yield from batched_outputs(inference, dataset, workers, label)
        return
    for rows, inputs in batched_inputs(inference, dataset, workers, label):
        features = inference.features(inputs)
        yield rows, features, inference.outputs(features)

"""Corrupted texts: every text is corrupted when it is read."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from finetrust.core.predictions import Predictions
from finetrust.data.dataset import Dataset, Inputs
from finetrust.models.features import batched_inputs
from finetrust.models.inference import Inference
from finetrust.tasks.predicted import in_order
from finetrust.tasks.task import Task
from finetrust.trust.stability.item_seeds import item_seeds
from finetrust.trust.stability.perturbers.perturber import perturbers
from finetrust.trust.stability.text_corruptions.catalogue import (
    SEVERITIES,
    TextCorruption,
    text_corruptions,
)


class CorruptedTexts:
    """Texts that are corrupted whenever one is read, always alike.

    Parameters
    ----------
    inputs : Inputs
    corruption : TextCorruption
    severity : int
    seeds : int64 array (n,)
    """

    def __init__(
        self, inputs: Inputs, corruption: TextCorruption, severity: int, seeds: np.ndarray
    ) -> None:
        self._inputs, self._corruption = inputs, corruption
        self._severity, self._seeds = severity, seeds

    def __len__(self) -> int:
        return len(self._inputs)

    def __getitem__(self, index: int) -> Any:
        seed = int(self._seeds[index])
        return self._corruption(self._inputs[index], self._severity, seed)

    def content(self, index: int) -> bytes:
        return repr(self[index]).encode("utf-8", "surrogatepass")

    def location(self, index: int) -> Path | None:
        return None


class TextPerturber:
    """Typos, casing, punctuation and whitespace."""

    default_names = ("typos", "casing", "punctuation", "whitespace")
    severities = SEVERITIES
    default_severities = SEVERITIES

    def check(self, names: Sequence[str]) -> None:
        for name in names:
            text_corruptions.get(name)

    def predictions(
        self,
        task: Task,
        inference: Inference,
        dataset: Dataset,
        names: Sequence[str],
        severities: Sequence[int],
        seed: int,
        workers: int | None,
    ) -> Mapping[str, Predictions]:
        seeds = item_seeds(dataset.ids, seed).numpy()
        found = {}
        for name in names:
            corruption = text_corruptions.get(name)
            for severity in severities:
                texts = CorruptedTexts(dataset.inputs, corruption, severity, seeds)
                corrupted = replace(dataset, inputs=texts, digests=())
                title = f"{name}-{severity}"
                predictions = _predictions(task, inference, corrupted, workers, title)
                found[title] = replace(predictions, perturbation=title)
        return found


def _predictions(
    task: Task, inference: Inference, dataset: Dataset, workers: int | None, label: str
) -> Predictions:
    """Return what the network says, past the features that are kept of untouched texts."""
    parts, order = [], []
    for rows, inputs in batched_inputs(inference, dataset, workers, label):
        parts.append(task.predictions(dataset.take(rows), inference(inputs)))
        order.append(rows)
    return in_order(parts, order)


perturbers.add("text", TextPerturber())

"""One class for each item: the features that the head of the task reads, from the shared cache."""

import numpy as np
import torch
from torch import Tensor

from finetrust.core.errors import UserError
from finetrust.data.dataset import Dataset
from finetrust.models.features import compute_features
from finetrust.models.inference import Inference
from finetrust.selection.loaded import Loaded
from finetrust.selection.observed.observer import Observations, observers
from finetrust.tasks.task import Task


class Items:
    """Images or texts with one class each."""

    disturbed = True

    def __init__(self, counted: str) -> None:
        self.counted = counted

    def classes(self, dataset: Dataset) -> tuple[str, ...]:
        return dataset.classes

    def class_counts(self, dataset: Dataset) -> np.ndarray:
        return np.bincount(dataset.targets, minlength=len(dataset.classes))

    def observe(
        self,
        inference: Inference,
        loaded: Loaded,
        task: Task,
        dataset: Dataset,
        workers: int | None,
    ) -> Observations:
        rows = np.arange(len(dataset))
        found = compute_features(inference, dataset, workers).take(rows)
        if not isinstance(found, Tensor) or found.ndim != 2:
            raise UserError(
                "the model yields more than one row of features for each item",
                "Choose a classifier or an encoder.",
            )
        logits = None
        if loaded.source_head is not None:
            with torch.inference_mode():
                head = loaded.source_head.to("cpu").eval()
                logits = head(found).float().numpy()
        return Observations(found.numpy(), dataset.targets.astype(np.int64), rows, logits)


observers.add("classification", Items("images"))
observers.add("text-classification", Items("texts"))

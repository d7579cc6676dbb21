"""One class for each item: the features that the head of the task reads, from the shared cache."""

import numpy as np
import torch

from finetrust.data.dataset import Dataset
from finetrust.models.inference import Inference
from finetrust.selection.loaded import Loaded
from finetrust.selection.observed.item_features import item_features
from finetrust.selection.observed.observer import Observations, observers
from finetrust.selection.observed.of_classes import OfClasses
from finetrust.tasks.task import Task


class Items(OfClasses):
    """Images or texts with one class each."""

    disturbed = True

    def __init__(self, counted: str) -> None:
        self.counted = counted

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
        found = item_features(inference, dataset, workers)
        logits = None
        if loaded.source_head is not None:
            with torch.inference_mode():
                head = loaded.source_head.to("cpu").eval()
                logits = head(found).float().numpy()
        rows = np.arange(len(dataset))
        return Observations(found.numpy(), dataset.targets.astype(np.int64), rows, logits)


observers.add("classification", Items("images"))
observers.add("text-classification", Items("texts"))

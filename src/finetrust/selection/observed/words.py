"""Words with a tag each: the feature of a word, from the shared cache."""

import numpy as np
from torch import Tensor

from finetrust.core.errors import UserError
from finetrust.data.dataset import Dataset
from finetrust.models.features import compute_features
from finetrust.models.inference import Inference
from finetrust.selection.loaded import Loaded
from finetrust.selection.observed.observer import Observations, observers
from finetrust.selection.observed.of_classes import OfClasses
from finetrust.tasks.task import Task

MOST_NUMBERS = 1 << 28
"""Of more features than this, words are taken evenly."""


class Words(OfClasses):
    """Words of tagged texts; most carry no entity, which is a class like any other here."""

    counted = "words"
    disturbed = False

    def class_counts(self, dataset: Dataset) -> np.ndarray:
        tags = np.concatenate([np.asarray(tags, np.int64) for tags in dataset.targets])
        return np.bincount(tags[tags >= 0], minlength=len(dataset.classes))

    def observe(
        self,
        inference: Inference,
        loaded: Loaded,
        task: Task,
        dataset: Dataset,
        workers: int | None,
    ) -> Observations:
        cached = compute_features(inference, dataset, workers)
        features, labels, items = [], [], []
        for row in range(len(dataset)):
            found = cached.take(np.array([row]))
            if not isinstance(found, Tensor) or found.ndim != 3:
                raise UserError("the model yields no features of words", "Choose an encoder.")
            tags = np.asarray(dataset.targets[row], np.int64)
            known = np.flatnonzero(tags[: found.shape[1]] >= 0)
            features.append(found[0].numpy()[known])
            labels.append(tags[known])
            items.append(np.full(len(known), row))
        rows, classes = np.concatenate(features), np.concatenate(labels)
        step = max(1, -(-rows.size // MOST_NUMBERS))
        return Observations(rows[::step], classes[::step], np.concatenate(items)[::step])


observers.add("token-classification", Words())

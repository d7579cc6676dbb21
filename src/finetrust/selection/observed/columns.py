"""Items whose answers are numbers, or any number of labels each: a row of columns to predict."""

from abc import ABC, abstractmethod

import numpy as np

from finetrust.core.errors import UserError
from finetrust.data.dataset import Dataset
from finetrust.models.inference import Inference
from finetrust.selection.column_judge import ColumnJudge
from finetrust.selection.judge import Judge
from finetrust.selection.loaded import Loaded
from finetrust.selection.observed.item_features import item_features
from finetrust.selection.observed.observer import NUMBERS, Observations, observers
from finetrust.tasks.label_targets import label_counts, rarest_labels
from finetrust.tasks.task import Task

FEWEST = 10


class Columns(ABC):
    """Items with a row of answers each."""

    counted: str
    disturbed = True
    accuracy_is: str
    """What stands as the accuracy of the probe."""

    @abstractmethod
    def strata(self, dataset: Dataset) -> np.ndarray:
        """Return for each item what it is shared out by: int array (n,)."""

    def classes(self, dataset: Dataset) -> tuple[str, ...]:
        return dataset.classes

    def n_classes(self, dataset: Dataset) -> int:
        return 1

    def refuse(self, train: Dataset) -> None:
        targets = _columns(train)
        if len(targets) < FEWEST:
            raise UserError(
                f"{train.name}: there are {len(targets)} training {self.counted}, and models cannot "
                f"be compared by fewer than {FEWEST}",
                f"Add {self.counted}: a hundred tell a little, a thousand tell much.",
            )
        if not (targets != targets[:1]).any():
            raise UserError(
                f"{train.name}: all training {self.counted} have the same answer",
                "Give data with different answers.",
            )

    def notes(self, train: Dataset) -> list[str]:
        return [f"What stands as the accuracy of the probe is {self.accuracy_is}."]

    def observe(
        self,
        inference: Inference,
        loaded: Loaded,
        task: Task,
        dataset: Dataset,
        workers: int | None,
    ) -> Observations:
        features = item_features(inference, dataset, workers).numpy()
        return Observations(features, None, np.arange(len(dataset)), targets=_columns(dataset))

    def judge(self, seen: Observations, dataset: Dataset, groups: list[str], seed: int) -> Judge:
        assert seen.targets is not None
        strata, names = self.strata(dataset), self.classes(dataset)
        return ColumnJudge(seen.features, seen.targets, groups, strata, names, seed)


class Numbers(Columns):
    """One number for each item."""

    counted = "items"
    accuracy_is = "the share of the variance of the numbers that it explains (R2)"

    def strata(self, dataset: Dataset) -> np.ndarray:
        return np.argsort(np.argsort(dataset.targets, kind="stable"), kind="stable")


class Tags(Columns):
    """Any number of labels for each item."""

    counted = "texts"
    accuracy_is = (
        "the share of the variance of each label that it explains (R2), averaged over labels"
    )

    def n_classes(self, dataset: Dataset) -> int:
        return max(1, int((label_counts(dataset) > 0).sum()))

    def strata(self, dataset: Dataset) -> np.ndarray:
        return rarest_labels(dataset.targets)


def _columns(dataset: Dataset) -> np.ndarray:
    targets = np.asarray(dataset.targets, np.float64)
    return targets.reshape(len(targets), -1)


observers.add(NUMBERS, Numbers())
observers.add("multi-label-text-classification", Tags())

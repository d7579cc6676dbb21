"""What observers have in common whose observations are of one class each."""

from abc import ABC, abstractmethod

import numpy as np

from finetrust.core.errors import UserError
from finetrust.data.dataset import Dataset
from finetrust.selection.class_judge import ClassJudge
from finetrust.selection.judge import Judge
from finetrust.selection.observed.observer import Observations


class OfClasses(ABC):
    """Observations of one class each."""

    counted: str

    @abstractmethod
    def class_counts(self, dataset: Dataset) -> np.ndarray:
        """Return how many observations there are of each class: int64 array (classes,)."""

    def classes(self, dataset: Dataset) -> tuple[str, ...]:
        return dataset.classes

    def n_classes(self, dataset: Dataset) -> int:
        return int((self.class_counts(dataset) > 0).sum())

    def refuse(self, train: Dataset) -> None:
        counts = self.class_counts(train)
        present = int((counts > 0).sum())
        if present < 2:
            raise UserError(
                f"{train.name}: the training {self.counted} are of {present} class",
                "Give data of two classes at least.",
            )
        if counts.max() < 2:
            raise UserError(
                f"{train.name}: {int(counts.sum())} training {self.counted} of {present} classes: "
                "none has two, and models cannot be compared by that",
                f"Add {self.counted}: ten of each class tell a little, fifty tell much.",
            )

    def notes(self, train: Dataset) -> list[str]:
        names, counts = self.classes(train), self.class_counts(train)
        single = [names[c] for c in np.flatnonzero(counts == 1)]
        total, present = int(counts.sum()), int((counts > 0).sum())
        notes = []
        if single:
            shown = f"{', '.join(single[:5])}{', ...' if len(single) > 5 else ''}"
            notes.append(
                f"{len(single)} of {present} classes have one training item ({shown}): no probe can "
                "be asked about what it never met, and they are left out of its accuracy."
            )
        if total < 10 * present:
            notes.append(
                f"{total:,} {self.counted} of {present} classes are few: the order is uncertain."
            )
        return notes

    def judge(self, seen: Observations, dataset: Dataset, groups: list[str], seed: int) -> Judge:
        assert seen.labels is not None
        return ClassJudge(seen.features, seen.labels, groups, len(self.classes(dataset)), seed)

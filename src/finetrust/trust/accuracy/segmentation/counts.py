"""What the images add to every class: pixels that are right, those of the target, those predicted."""

from dataclasses import dataclass

import numpy as np

from finetrust.core.errors import NotApplicable
from finetrust.core.evidence import Evidence
from finetrust.core.predictions import Predictions

COLUMNS = ("confusion", "unanswered")


@dataclass(frozen=True)
class ClassPixels:
    """Pixels of every image by class: int64 arrays (n, k).

    Parameters
    ----------
    right : array
        Of the class, and predicted as it.
    target : array
        Of the class; those without a finite answer count here.
    predicted : array
    """

    right: np.ndarray
    target: np.ndarray
    predicted: np.ndarray

    @classmethod
    def of(cls, predictions: Predictions) -> "ClassPixels":
        """Read them off the confusion counts.

        Raises
        ------
        NotApplicable
            If there is no pixel with a target.
        """
        confusion = matrices(predictions)
        found = cls(
            np.diagonal(confusion, axis1=1, axis2=2),
            confusion.sum(axis=2) + predictions["unanswered"],
            confusion.sum(axis=1),
        )
        if not found.target.any():
            raise NotApplicable("no pixel has a target")
        return found

    @property
    def union(self) -> np.ndarray:
        return self.target + self.predicted - self.right


def matrices(predictions: Predictions) -> np.ndarray:
    """Return the confusion counts of each image, targets as rows: int64 array (n, k, k)."""
    k = predictions["unanswered"].shape[1]
    return predictions["confusion"].reshape(-1, k, k)


def names_of(evidence: Evidence) -> list[str]:
    """Return the name of each class, or its number where it has none."""
    k = evidence.clean["unanswered"].shape[1]
    return list(evidence.classes) or [str(i) for i in range(k)]

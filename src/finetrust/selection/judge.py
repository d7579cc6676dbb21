"""What is found of a candidate from its features and the answers that they should lead to."""

from typing import Protocol

import numpy as np

from finetrust.selection.data_size import DataSizeCurve
from finetrust.selection.estimate import Figure


class Judge(Protocol):
    """Judges the features of one candidate; one class for each kind of answer.

    Each method raises NotApplicable with the reason where its figure has no meaning.
    """

    def accuracy(self) -> Figure:
        """Return how well a cross-validated linear probe does."""
        ...

    def calibration_error(self) -> Figure:
        """Return how far the confidence of the probe is from how often it is right."""
        ...

    def near_ood(self) -> Figure:
        """Return how well a class that was never met is told apart."""
        ...

    def data_size(self) -> DataSizeCurve:
        """Return what more labels would bring."""
        ...

    def of_layer(self, features: np.ndarray, rows: np.ndarray) -> Figure:
        """Return how well a probe does on other features (m, d) of the observations at `rows` (m,)."""
        ...

    def standard_error(self, figure: Figure) -> float:
        """Return how far the value of a probe is off by chance."""
        ...

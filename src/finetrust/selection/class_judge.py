"""Features judged by how well they tell classes apart."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from finetrust.core.standard_error import error_of_share
from finetrust.selection.data_size import DataSizeCurve, data_size_curve
from finetrust.selection.estimate import Figure
from finetrust.selection.near_ood import near_ood
from finetrust.selection.probe import Probed, probe


@dataclass(frozen=True, eq=False)
class ClassJudge:
    """Observations with one class each.

    Parameters
    ----------
    features : float32 array (n, d)
    labels : int64 array (n,)
    groups : list of str (n,)
        What belongs together: copies of an image, objects in it.
    n_classes : int
    seed : int
    """

    features: np.ndarray
    labels: np.ndarray
    groups: list[str]
    n_classes: int
    seed: int

    def accuracy(self) -> Figure:
        """Return the share of right answers of a cross-validated probe."""
        return self._probed.accuracy()

    def calibration_error(self) -> Figure:
        """Return its expected calibration error."""
        return self._probed.calibration_error(self.seed)

    def near_ood(self) -> Figure:
        """Return the AUROC of a class that is hidden."""
        return near_ood(self.features, self.labels, self.groups, self.seed)

    def data_size(self) -> DataSizeCurve:
        """Return its accuracy with fewer labels, and with more."""
        return data_size_curve(self.features, self.labels, self.groups, self.n_classes, self.seed)

    def of_layer(self, features: np.ndarray, rows: np.ndarray) -> Figure:
        """Return the share of right answers of a probe on other features of some observations."""
        groups = [self.groups[row] for row in rows]
        return probe(features, self.labels[rows], groups, self.n_classes, self.seed).accuracy()

    def standard_error(self, figure: Figure) -> float:
        """Return the standard error of a share of right answers."""
        assert figure.value is not None
        return error_of_share(figure.value, figure.n)

    @cached_property
    def _probed(self) -> Probed:
        return probe(self.features, self.labels, self.groups, self.n_classes, self.seed)

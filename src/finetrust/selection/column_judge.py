"""Features judged by how well they predict columns of numbers: one number an item, or a tag a column."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from finetrust.core.errors import NotApplicable
from finetrust.selection.data_size import DataSizeCurve
from finetrust.selection.estimate import Figure
from finetrust.selection.probe import some_rows
from finetrust.selection.ridge import out_of_fold_numbers
from finetrust.trust.accuracy.intervals import RESAMPLES, bca_interval, resampled_means
from finetrust.trust.data.out_of_fold import folds_of

NORMAL_95 = 1.96
MOST_TOLD = 100
"""Columns whose own figures are kept."""


@dataclass(frozen=True, eq=False)
class ColumnJudge:
    """Items with a row of numbers each.

    Parameters
    ----------
    features : float32 array (n, d)
    targets : float array (n, t)
    groups : list of str (n,)
        What belongs together.
    strata : int64 array (n,)
        Like items, which are shared out over the folds.
    names : sequence of str (t,)
        Of the columns; empty where there is one without a name.
    seed : int
    """

    features: np.ndarray
    targets: np.ndarray
    groups: list[str]
    strata: np.ndarray
    names: Sequence[str]
    seed: int

    def accuracy(self) -> Figure:
        """Return the share of the variance that a cross-validated probe explains, over all columns."""
        rows = np.arange(len(self.targets))
        drawn = some_rows(rows, self.features.shape[1], self.targets.shape[1], self.seed)
        return self.of_layer(self.features[drawn], drawn)

    def calibration_error(self) -> Figure:
        """Raise NotApplicable: the probe states no confidence."""
        raise NotApplicable("the probe answers with numbers, and states no confidence")

    def near_ood(self) -> Figure:
        """Raise NotApplicable: there is no class that could be hidden."""
        raise NotApplicable("the answers are not one class each, and none can be hidden")

    def data_size(self) -> DataSizeCurve:
        """Raise NotApplicable: the curve is one of shares of right answers."""
        raise NotApplicable(
            "the answers are not one class each, and none is plainly right or wrong"
        )

    def of_layer(self, features: np.ndarray, rows: np.ndarray) -> Figure:
        """Return the share of the variance that a probe on other features of some items explains."""
        targets = self.targets[rows].astype(np.float64)
        folds = folds_of([self.groups[row] for row in rows], self.strata[rows], self.seed)
        if len(np.unique(folds)) < 2:
            raise NotApplicable("all items are copies of one another")
        return explained_variance(
            targets, out_of_fold_numbers(features, targets, folds), self.names, self.seed
        )

    def standard_error(self, figure: Figure) -> float:
        """Return the standard error that the interval stands for."""
        assert figure.low is not None
        assert figure.high is not None
        return (figure.high - figure.low) / (2 * NORMAL_95)


def explained_variance(
    targets: np.ndarray, predicted: np.ndarray, names: Sequence[str], seed: int
) -> Figure:
    """Return ``R^2 = 1 - sum (y - yhat)^2 / sum (y - ybar)^2``, averaged over the columns that vary.

    With its BCa bootstrap interval over items; the details hold the ``columns`` by name.

    Parameters
    ----------
    targets, predicted : float64 array (n, t)
    names : sequence of str (t,)
        Empty where the column has no name.
    seed : int

    Raises
    ------
    NotApplicable
        If no column varies.
    """
    varied = (targets != targets[:1]).any(axis=0)
    if not varied.any():
        raise NotApplicable("all items have the same answers")
    centred = (targets - targets.mean(axis=0))[:, varied]
    errors = (targets - predicted)[:, varied] ** 2
    variances = (centred**2).mean(axis=0)
    of_columns = 1 - errors.mean(axis=0) / variances
    t = len(of_columns)
    means = resampled_means(np.hstack([errors, centred, centred**2]), RESAMPLES, seed)
    spreads = means[:, 2 * t :] - means[:, t : 2 * t] ** 2
    known = spreads > 1e-12 * variances
    shares = np.where(known, 1 - means[:, :t] / np.where(known, spreads, 1), 0)
    some = known.any(axis=1)
    replicates = shares[some].sum(axis=1) / known[some].sum(axis=1)
    influence = (((1 - of_columns) * centred**2 - errors) / variances).mean(axis=1)
    value = float(of_columns.mean())
    low, high = bca_interval(value, replicates, influence)
    told = [name for name, own in zip(names, varied, strict=True) if own] if names else []
    details = {"columns": dict(zip(told, of_columns.tolist(), strict=True))} if told else {}
    return Figure(value, low, high, len(targets), details if len(told) <= MOST_TOLD else {})

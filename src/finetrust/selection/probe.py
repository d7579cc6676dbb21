"""The cross-validated linear probe: how well a linear head on frozen features does, and how sure it is.

Alain & Bengio, "Understanding intermediate layers using linear classifier probes", 2016,
arXiv:1610.01644; its confidence by the expected calibration error of Guo et al. 2017, eq. 3.
"""

from dataclasses import dataclass

import numpy as np

from finetrust.core.errors import NotApplicable
from finetrust.selection.estimate import Figure
from finetrust.selection.paired import written
from finetrust.trust.accuracy.calibration.reliability import (
    Confidence,
    ece_interval,
    expected_calibration_error,
)
from finetrust.trust.accuracy.calibration.temperature import fit_temperature
from finetrust.trust.accuracy.intervals import wilson
from finetrust.trust.accuracy.probabilities import log_softmax
from finetrust.trust.data.out_of_fold import (
    folds_of,
    has_label_elsewhere,
    out_of_fold_log_probabilities,
)

MOST_CELLS = 400_000_000
"""Observations times features times classes that a probe is fitted to; of more, some are drawn."""
FEWEST_A_CLASS = 10


@dataclass(frozen=True, eq=False)
class Probed:
    """What the probe says of observations that it was not fitted to.

    Parameters
    ----------
    log_p : float32 array (m, classes)
    labels : int64 array (m,)
    rows : int64 array (m,)
        Which of the observations they are: those whose class another fold has too.
    left_out : int
        How many have a class that no other fold has.
    """

    log_p: np.ndarray
    labels: np.ndarray
    rows: np.ndarray
    left_out: int

    @property
    def right(self) -> np.ndarray:
        """Whether each answer is right: bool array (m,)."""
        return self.log_p.argmax(axis=1) == self.labels

    def accuracy(self) -> Figure:
        """Return the share of right answers, with its Wilson interval.

        The details hold how many observations were ``left_out``, and which were answered rightly.
        """
        right, n = int(self.right.sum()), len(self.labels)
        low, high = wilson(right, n)
        details = {"left_out": self.left_out, **written(self.right, self.rows)}
        return Figure(right / n, float(low), float(high), n, details)

    def calibration_error(self, seed: int) -> Figure:
        """Return the expected calibration error, with its bootstrap interval.

        After temperature scaling, as ``tune`` calibrates: how hard the probe was regularised would
        else be all that it tells. The details hold the temperature.
        """
        logits = self.log_p.astype(np.float64)
        temperature = fit_temperature(logits, self.labels)
        confidence = Confidence.of(log_softmax(logits, temperature), self.labels)
        low, high = ece_interval(confidence, seed)
        value = expected_calibration_error(confidence)
        return Figure(value, low, high, len(self.labels), {"temperature": temperature})


def probe(
    features: np.ndarray, labels: np.ndarray, groups: list[str], n_classes: int, seed: int
) -> Probed:
    """Fit a linear probe to four fifths of the observations and ask it about the rest, five times.

    Parameters
    ----------
    features : float32 array (n, d)
    labels : int64 array (n,)
    groups : list of str (n,)
        Observations of one group (copies of an image, objects in it) are never on both sides.
    n_classes : int
    seed : int

    Raises
    ------
    NotApplicable
        If no class has observations in two groups.
    """
    chosen = some_rows(labels, features.shape[1], n_classes, seed)
    features, labels = features[chosen], labels[chosen]
    folds = folds_of([groups[row] for row in chosen], labels, seed)
    judged = has_label_elsewhere(labels, folds)
    if not judged.any():
        raise NotApplicable("no class has two items that are no copies of one another")
    log_p = out_of_fold_log_probabilities(features, labels, folds, n_classes)
    return Probed(log_p[judged], labels[judged], chosen[judged], int((~judged).sum()))


def some_rows(labels: np.ndarray, d: int, n_classes: int, seed: int) -> np.ndarray:
    """Return the rows that a probe is fitted to: all, or as many as can be in a short time.

    Returns
    -------
    int64 array
        Ascending.
    """
    most = max(MOST_CELLS // (d * n_classes), FEWEST_A_CLASS * n_classes)
    rows = np.arange(len(labels))
    if len(rows) <= most:
        return rows
    return np.sort(np.random.default_rng(seed).choice(rows, most, replace=False))

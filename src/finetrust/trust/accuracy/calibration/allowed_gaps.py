"""How far probabilities of classes may be off for all that a finite sample shows.

A sample with few wrong answers, and its resamples, look calibrated where the model need not be. Gaps (1
for the true class and 0 else, minus probability) of an item sum to 0 over the classes, so that a mean gap
d over cells of class and bin that hold a share w of the items leaves ``w d`` for the other cells. Whatever
the gaps are, the classwise calibration error of k classes is then at least ``2 w d / k``, and the sum of
squared gaps at least ``w d^2 + (w d)^2 / (k - w)`` (Jensen's inequality).
"""

from dataclasses import dataclass

import numpy as np
from scipy.special import ndtri

from finetrust.core.evidence import Evidence
from finetrust.trust.accuracy.answers import answers_of
from finetrust.trust.accuracy.calibration.classwise import Classwise
from finetrust.trust.accuracy.intervals import wilson

SURE = 8 / 15
"""An edge of the bins: above it lies the probability of one class at most, the predicted one."""


@dataclass(frozen=True, eq=False)
class AllowedGaps:
    """Sets of cells, and what chance allows for their mean gaps at 95 %.

    The cells of each class, by the variance of its gaps as if there were two items more, with gaps of 1
    and of -1; and those of what is predicted with a probability of more than ``SURE``, by the Wilson
    interval of the share that is right.

    Parameters
    ----------
    classes : int
    share : float64 array (s,)
        The items of each set, as a share of all.
    gap : float64 array (s,)
        How large the mean gap may be: at least 0.
    """

    classes: int
    share: np.ndarray
    gap: np.ndarray

    @property
    def error(self) -> float:
        """How large the classwise calibration error may be by these alone."""
        return float((2 * self.share * self.gap / self.classes).max())

    @property
    def squared(self) -> float:
        """How large the squared gaps may be by these alone, averaged over items, summed over classes."""
        moved = self.share * self.gap
        others = np.maximum(self.classes - self.share, 1)
        return float((moved * self.gap + moved**2 / others).max())


def allowed_gaps(evidence: Evidence, found: Classwise) -> AllowedGaps:
    """Return them for the clean items with an answer."""
    answers, classes = answers_of(evidence), len(found.sums)
    spread = np.sqrt(found.squares.sum(axis=1) + 2) / (found.n + 2)
    gap = np.abs(found.sums.sum(axis=1)) / found.n + ndtri(0.975) * spread
    share, sure = np.ones(classes), answers.confidence > SURE
    if sure.any():
        least, most = wilson(answers.right[sure].sum(), sure.sum())
        mean = answers.confidence[sure].mean()
        share, gap = np.append(share, sure.mean()), np.append(gap, max(mean - least, most - mean))
    return AllowedGaps(classes, share, gap)

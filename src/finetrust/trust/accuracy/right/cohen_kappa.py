"""Cohen's kappa: agreement of predictions and truth beyond chance."""

from collections.abc import Iterator

import numpy as np

from finetrust.core.errors import NotApplicable
from finetrust.core.evidence import Evidence
from finetrust.core.measure import Estimate, measure
from finetrust.trust.accuracy.intervals import wilson
from finetrust.trust.accuracy.right.tallies import (
    Tallies,
    interval_of,
    replicates_of,
    tallies_of,
)


@measure(
    "cohen_kappa",
    axis="accuracy",
    title="Cohen's kappa",
    better="higher",
    method="Accuracy minus the accuracy that chance would give with the same frequencies of "
    "targets and predictions, divided by the largest that difference can be. BCa bootstrap over "
    "items; where no resample differs, the Wilson interval of the accuracy with the same "
    "frequencies.",
    reference="Cohen 1960, Educ. Psychol. Meas. 20(1), eq. 1",
    needs=("target", "logits|predicted_class"),
    meaning="How much better than guessing the answers are: 0 is guessing, 1 is always right.",
    topic="right",
    secondary=True,
)
def cohen_kappa(evidence: Evidence) -> Iterator[Estimate]:
    """Yield Cohen's kappa."""
    n, tallies = len(evidence.clean), tallies_of(evidence)
    value = float(cohen_kappa_of(tallies)[0])
    if np.isnan(value):
        raise NotApplicable(
            "every item is of one class and predicted as it; chance would do as well"
        )
    low, high = interval_of(evidence, cohen_kappa_of) or at_the_same_frequencies(tallies)
    yield Estimate(value, low, high, n, replicates=replicates_of(evidence, cohen_kappa_of))


def cohen_kappa_of(tallies: Tallies) -> np.ndarray:
    """Return Cohen's kappa, NaN where chance is always right: float64 array (r,)."""
    chance = _chance(tallies)
    observed = tallies.hits.sum(axis=1) / tallies.items
    return (observed - chance) / np.where(chance < 1 - 1e-12, 1 - chance, np.nan)


def at_the_same_frequencies(tallies: Tallies) -> tuple[float, float]:
    """Return kappa at the bounds of the Wilson interval of the accuracy of one sample."""
    n, chance = float(tallies.items[0]), float(_chance(tallies)[0])
    low, high = ((share - chance) / (1 - chance) for share in wilson(tallies.hits[0].sum(), n))
    return max(float(low), -1.0), float(high)


def _chance(tallies: Tallies) -> np.ndarray:
    return (tallies.targets * tallies.predicted).sum(axis=1) / tallies.items**2

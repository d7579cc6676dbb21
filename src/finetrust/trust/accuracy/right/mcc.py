"""Matthews' correlation coefficient of any number of classes."""

from collections.abc import Iterator

import numpy as np

from finetrust.core.errors import NotApplicable
from finetrust.core.evidence import Evidence
from finetrust.core.measure import Estimate, measure
from finetrust.trust.accuracy.right.cohen_kappa import at_the_same_frequencies
from finetrust.trust.accuracy.right.tallies import (
    Tallies,
    interval_of,
    replicates_of,
    tallies_of,
)


@measure(
    "mcc",
    axis="accuracy",
    title="Matthews correlation",
    better="higher",
    method="Correlation of predicted and true classes (Gorodkin's R_K); an item without an answer "
    "counts as predicted as a class of its own. BCa bootstrap over items; where no resample "
    "differs, the interval of Cohen's kappa, which is then the same.",
    reference="Matthews 1975, BBA 405(2); Gorodkin 2004, Comput. Biol. Chem. 28(5), eq. 8",
    needs=("target", "logits|predicted_class"),
    meaning="How closely the answers go along with the truth: 0 is guessing, 1 is always right.",
    topic="right",
    secondary=True,
)
def mcc(evidence: Evidence) -> Iterator[Estimate]:
    """Yield Matthews' correlation coefficient."""
    n, tallies = len(evidence.clean), tallies_of(evidence)
    value = float(mcc_of(tallies)[0])
    if np.isnan(value):
        of_one = "all items are of" if (tallies.targets[0] == n).any() else "the model names only"
        raise NotApplicable(f"{of_one} one class; nothing can go along with it")
    low, high = interval_of(evidence, mcc_of) or at_the_same_frequencies(tallies)
    yield Estimate(
        value, min(low, value), max(high, value), n, replicates=replicates_of(evidence, mcc_of)
    )


def mcc_of(tallies: Tallies) -> np.ndarray:
    """Return R_K, NaN where targets or predictions are all alike: float64 array (r,)."""
    n = tallies.items
    shared = tallies.hits.sum(axis=1) * n - (tallies.targets * tallies.predicted).sum(axis=1)
    squares = (tallies.predicted**2).sum(axis=1) + tallies.without_answer**2
    spread = (n**2 - squares) * (n**2 - (tallies.targets**2).sum(axis=1))
    return shared / np.sqrt(np.where(spread > 1e-9, spread, np.nan))

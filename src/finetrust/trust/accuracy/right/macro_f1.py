"""Macro F1: precision and recall in one number, every class counting the same."""

from collections.abc import Iterator

import numpy as np

from finetrust.core.evidence import Evidence
from finetrust.core.measure import Estimate, measure
from finetrust.trust.accuracy.ratios import share_interval
from finetrust.trust.accuracy.right.f1 import f1_scores
from finetrust.trust.accuracy.right.tallies import (
    Tallies,
    interval_of,
    replicates_of,
    tallies_of,
)


@measure(
    "macro_f1",
    axis="accuracy",
    title="Macro F1",
    better="higher",
    method="Mean over the classes of F1, the harmonic mean of precision and recall; classes that "
    "are neither a target nor predicted are left out. BCa bootstrap over items; where all items "
    "are right, or all wrong, the Wilson interval of the accuracy.",
    reference="Opitz & Burst 2019, arXiv:1911.03347, eq. 2 (averaged F1)",
    unit="%",
    needs=("target", "logits|predicted_class"),
    meaning="High only where the model does well on every class, the rare ones included.",
    topic="right",
)
def macro_f1(evidence: Evidence) -> Iterator[Estimate]:
    """Yield macro F1."""
    n = len(evidence.clean)
    value = float(macro_f1_of(tallies_of(evidence))[0])
    low, high = interval_of(evidence, macro_f1_of) or share_interval(value, n)
    yield Estimate(value, low, high, n, replicates=replicates_of(evidence, macro_f1_of))


def macro_f1_of(tallies: Tallies) -> np.ndarray:
    """Return the mean F1 of the classes that are a target or predicted: float64 array (r,)."""
    used = ((tallies.targets > 0) | (tallies.predicted > 0)).sum(axis=1)
    return f1_scores(tallies).sum(axis=1) / used

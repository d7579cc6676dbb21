"""Brier score: the squared distance of the probabilities from the truth."""

from collections.abc import Iterator

import numpy as np

from finetrust.core.evidence import Evidence
from finetrust.core.measure import Estimate, measure
from finetrust.trust.accuracy.intervals import bootstrap_mean
from finetrust.trust.accuracy.probabilities import answered_log_probabilities
from finetrust.trust.accuracy.sample_size import at_least_two


@measure(
    "brier",
    axis="accuracy",
    title="Brier score",
    better="lower",
    method="Mean over items of the squared differences between probabilities and truth, summed "
    "over all classes (from 0 to 2; for two classes twice the one-class convention), after "
    "calibration where a temperature was fitted; items without finite scores are left out. "
    "BCa bootstrap over items; too narrow where the items are few and hardly any is wrong.",
    reference="Brier 1950, Monthly Weather Review 78(1), eq. 2",
    needs=("logits",),
    topic="calibration",
)
def brier(evidence: Evidence) -> Iterator[Estimate]:
    """Yield the Brier score, summed over the classes."""
    log_probabilities, targets = answered_log_probabilities(evidence)
    at_least_two(targets)
    errors = np.exp(log_probabilities)
    errors[np.arange(len(targets)), targets] -= 1
    scores = (errors**2).sum(axis=1)
    low, high = bootstrap_mean(scores, evidence.seed)
    yield Estimate(float(scores.mean()), low, high, len(scores))

"""Negative log-likelihood: how surprised the model is by the truth."""

from collections.abc import Iterator

import numpy as np

from finetrust.core.evidence import Evidence
from finetrust.core.measure import Estimate, measure
from finetrust.trust.accuracy.intervals import bootstrap_mean
from finetrust.trust.accuracy.probabilities import answered_log_probabilities
from finetrust.trust.accuracy.sample_size import at_least_two


@measure(
    "nll",
    axis="accuracy",
    title="Negative log-likelihood",
    better="lower",
    method="Mean of -log(probability given to the true class), in nats, after calibration where a "
    "temperature was fitted; items without finite scores are left out. BCa bootstrap over items; "
    "too narrow where the items are few and hardly any is wrong.",
    reference="Guo et al. 2017, arXiv:1706.04599, eq. 6",
    needs=("logits",),
    topic="calibration",
)
def nll(evidence: Evidence) -> Iterator[Estimate]:
    """Yield the mean negative log-likelihood in nats."""
    log_probabilities, targets = answered_log_probabilities(evidence)
    at_least_two(targets)
    losses = -log_probabilities[np.arange(len(targets)), targets]
    low, high = bootstrap_mean(losses, evidence.seed)
    yield Estimate(float(losses.mean()), low, high, len(losses))

"""Negative log-likelihood: how surprised the model is by the truth."""

from collections.abc import Iterator
from functools import partial

from finetrust.core.evidence import Evidence
from finetrust.core.measure import Estimate, measure
from finetrust.trust.accuracy.answers import answers_of
from finetrust.trust.accuracy.calibration.resampled_sums import resampled_means_of
from finetrust.trust.accuracy.intervals import bootstrap_mean
from finetrust.trust.accuracy.sample_size import at_least_two


@measure(
    "nll",
    axis="accuracy",
    title="Negative log-likelihood",
    better="lower",
    method="Mean of -log(probability given to the true class), in nats, after calibration where one "
    "was fitted; items without finite scores are left out. BCa bootstrap over items; "
    "too narrow where the items are few and hardly any is wrong.",
    reference="Guo et al. 2017, arXiv:1706.04599, eq. 6",
    needs=("target", "logits"),
    meaning="How surprised the model is by the truth: 0 for certainty that is always right, and "
    "larger the less probable it held what was true.",
    topic="calibration",
)
def nll(evidence: Evidence) -> Iterator[Estimate]:
    """Yield the mean negative log-likelihood in nats."""
    answers = answers_of(evidence)
    at_least_two(answers.loss)
    low, high = bootstrap_mean(answers.loss, evidence.seed)
    n = len(evidence.clean)
    replicates = partial(resampled_means_of, answers.loss, answers.rows, n, evidence.seed)
    value = float(answers.loss.mean())
    yield Estimate(value, low, high, len(answers.loss), replicates=replicates)

"""Brier score: the squared distance of the probabilities from the truth."""

from collections.abc import Iterator
from functools import partial

from finetrust.core.evidence import Evidence
from finetrust.core.measure import Estimate, measure
from finetrust.trust.accuracy.answers import answers_of
from finetrust.trust.accuracy.calibration.resampled_sums import resampled_means_of
from finetrust.trust.accuracy.intervals import bootstrap_mean
from finetrust.trust.accuracy.sample_size import at_least_two


@measure(
    "brier",
    axis="accuracy",
    title="Brier score",
    better="lower",
    method="Mean over items of the squared differences between probabilities and truth, summed "
    "over all classes (from 0 to 2; for two classes twice the one-class convention), after "
    "calibration where one was fitted; items without finite scores are left out. "
    "BCa bootstrap over items; too narrow where the items are few and hardly any is wrong.",
    reference="Brier 1950, Monthly Weather Review 78(1), eq. 2",
    needs=("target", "logits"),
    meaning="How far the probabilities are from the truth: 0 for certainty that is always right, 2 "
    "for certainty that is always wrong.",
    topic="calibration",
)
def brier(evidence: Evidence) -> Iterator[Estimate]:
    """Yield the Brier score, summed over the classes."""
    answers = answers_of(evidence)
    at_least_two(answers.brier)
    low, high = bootstrap_mean(answers.brier, evidence.seed)
    n = len(evidence.clean)
    replicates = partial(resampled_means_of, answers.brier, answers.rows, n, evidence.seed)
    value = float(answers.brier.mean())
    yield Estimate(value, low, high, len(answers.brier), replicates=replicates)

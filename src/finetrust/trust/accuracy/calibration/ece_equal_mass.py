"""Expected calibration error in bins that hold equally many items.

Nguyen & O'Connor, "Posterior calibration and exploratory analysis for natural language processing
models", EMNLP 2015; Nixon et al., "Measuring Calibration in Deep Learning", CVPR Workshops 2019.
"""

from collections.abc import Iterator
from functools import partial

from finetrust.core.evidence import Evidence
from finetrust.core.measure import Estimate, measure
from finetrust.trust.accuracy.answers import answers_of
from finetrust.trust.accuracy.calibration.bins import equal_mass
from finetrust.trust.accuracy.calibration.reliability import (
    Confidence,
    calibration_p_value,
    ece_interval,
    expected_calibration_error,
    resampled_ece,
)


@measure(
    "ece_equal_mass",
    axis="accuracy",
    title="Expected calibration error in equally filled bins",
    better="lower",
    method="Top-label, after calibration where one was fitted: items are sorted by the probability "
    "of their predicted class into up to 15 bins that hold equally many (equal probabilities stay "
    "together); the distance between mean probability and accuracy in each bin, averaged over the "
    "items. Bootstrap interval with these bins, allowing for the upward bias of this figure; its "
    "lower end is 0 unless a test of calibration speaks against it at 2.5 %.",
    reference="Nguyen & O'Connor 2015, arXiv:1508.05154, section 3",
    unit="%",
    needs=("target", "logits"),
    meaning="How far confidence is from how often answers are right, with every bin of confidence "
    "resting on as many answers.",
    topic="calibration",
    secondary=True,
)
def ece_equal_mass(evidence: Evidence) -> Iterator[Estimate]:
    """Yield the top-label ECE in 15 bins of equal mass; the details hold its ``p_value``."""
    answers = answers_of(evidence)
    confidence = Confidence.of_answers(answers)
    bins = equal_mass(confidence.confidence)
    value = expected_calibration_error(confidence, bins)
    low, high = ece_interval(confidence, evidence.seed, bins)
    details = {"p_value": calibration_p_value(confidence, evidence.seed, bins)}
    replicates = partial(resampled_ece, answers, bins, len(evidence.clean), evidence.seed)
    yield Estimate(value, low, high, len(answers.right), "", details, replicates)

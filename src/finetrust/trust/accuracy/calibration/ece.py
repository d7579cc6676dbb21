"""Expected calibration error: how far confidence is from accuracy, after calibration and before."""

from collections.abc import Iterator
from functools import partial

from finetrust.core.errors import NotApplicable
from finetrust.core.evidence import Evidence
from finetrust.core.measure import Estimate, measure
from finetrust.trust.accuracy.answers import Answers, answers_of, uncalibrated_answers_of
from finetrust.trust.accuracy.calibration.methods.method import method_of
from finetrust.trust.accuracy.calibration.reliability import (
    Confidence,
    calibration_p_value,
    confidence_histogram,
    ece_interval,
    expected_calibration_error,
    reliability_diagram,
    resampled_ece,
)
from finetrust.trust.accuracy.probabilities import temperature_of

METHOD = (
    "Items are sorted into 15 bins of equal width by the probability of their predicted class; "
    "the distance between mean probability and accuracy in each bin, averaged over the items. "
    "Bootstrap interval that allows for the upward bias of this figure on few items; its lower end "
    "is 0 unless a test of calibration (Bröcker & Smith 2007) speaks against it at 2.5 %; items "
    "without finite scores are left out."
)
REFERENCE = "Guo et al. 2017, arXiv:1706.04599, eq. 3"


@measure(
    "ece",
    axis="accuracy",
    title="Expected calibration error",
    better="lower",
    method=f"After calibration, where one was fitted. {METHOD}",
    reference=REFERENCE,
    unit="%",
    needs=("target", "logits"),
    meaning="How far, on average, the confidence that is shown is from how often such answers are "
    "right.",
    topic="calibration",
)
def ece(evidence: Evidence) -> Iterator[Estimate]:
    """Yield the top-label ECE of the probabilities that ``predict`` shows.

    The details hold the calibration's ``method`` (None if there is none) and ``temperature`` (None
    for other methods), a reliability diagram ``before`` and ``after`` calibration (None if there is
    none), the ``histogram`` of the confidence of right and wrong answers, and the ``p_value`` of
    perfect calibration.
    """
    method, answers = method_of(evidence.calibration), answers_of(evidence)
    before = Confidence.of_answers(uncalibrated_answers_of(evidence) if method else answers)
    shown = Confidence.of_answers(answers)
    details = {
        "method": method,
        "temperature": temperature_of(evidence.calibration),
        "before": reliability_diagram(before),
        "after": reliability_diagram(shown) if method else None,
        "histogram": confidence_histogram(shown),
        "p_value": calibration_p_value(shown, evidence.seed),
    }
    yield _estimate(answers, evidence, details)


@measure(
    "ece_before_calibration",
    axis="accuracy",
    title="Expected calibration error before calibration",
    better="lower",
    method=f"Before calibration: the model's own probabilities. {METHOD}",
    reference=REFERENCE,
    unit="%",
    needs=("target", "logits"),
    meaning="How far the model's own confidence is from how often it is right, had it not been "
    "calibrated.",
    topic="calibration",
    per_group=False,
)
def ece_before_calibration(evidence: Evidence) -> Iterator[Estimate]:
    """Yield the top-label ECE of the model's own probabilities."""
    if method_of(evidence.calibration) is None:
        raise NotApplicable("no calibration was fitted; the calibration error is the model's own")
    answers = uncalibrated_answers_of(evidence)
    p_value = calibration_p_value(Confidence.of_answers(answers), evidence.seed)
    yield _estimate(answers, evidence, {"p_value": p_value})


def _estimate(answers: Answers, evidence: Evidence, details: dict) -> Estimate:
    confidence = Confidence.of_answers(answers)
    value = expected_calibration_error(confidence)
    low, high = ece_interval(confidence, evidence.seed)
    replicates = partial(
        resampled_ece, answers, confidence.bins, len(evidence.clean), evidence.seed
    )
    return Estimate(value, low, high, len(answers.right), "", details, replicates)

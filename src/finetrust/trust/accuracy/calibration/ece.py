"""Expected calibration error: how far confidence is from accuracy, after calibration and before."""

from collections.abc import Iterator

from finetrust.core.errors import NotApplicable
from finetrust.core.evidence import Evidence
from finetrust.core.measure import Estimate, measure
from finetrust.trust.accuracy.calibration.reliability import (
    Confidence,
    ece_interval,
    expected_calibration_error,
    reliability_diagram,
)
from finetrust.trust.accuracy.probabilities import answered_log_probabilities, temperature_of

METHOD = (
    "Items are sorted into 15 bins of equal width by the probability of their predicted class; "
    "the distance between mean probability and accuracy in each bin, averaged over the items. "
    "Bootstrap interval that allows for the upward bias of this figure on few items; items "
    "without finite scores are left out."
)
REFERENCE = "Guo et al. 2017, arXiv:1706.04599, eq. 3"


@measure(
    "ece",
    axis="accuracy",
    title="Expected calibration error",
    better="lower",
    method=f"After calibration, where a temperature was fitted. {METHOD}",
    reference=REFERENCE,
    unit="%",
    needs=("logits",),
    topic="calibration",
)
def ece(evidence: Evidence) -> Iterator[Estimate]:
    """Yield the ECE of the probabilities that ``predict`` shows.

    The details hold the ``temperature`` (None if none was fitted) and a reliability diagram
    ``before`` and ``after`` calibration (None if there is none).
    """
    before = _confidence(evidence, calibrated=False)
    temperature = temperature_of(evidence.calibration)
    after = _confidence(evidence, calibrated=True) if temperature else None
    details = {
        "temperature": temperature,
        "before": reliability_diagram(before),
        "after": reliability_diagram(after) if after else None,
    }
    yield _estimate(after or before, evidence.seed, details)


@measure(
    "ece_before_calibration",
    axis="accuracy",
    title="Expected calibration error before calibration",
    better="lower",
    method=f"Before calibration: the model's own probabilities. {METHOD}",
    reference=REFERENCE,
    unit="%",
    needs=("logits",),
    topic="calibration",
)
def ece_before_calibration(evidence: Evidence) -> Iterator[Estimate]:
    """Yield the ECE of the model's own probabilities."""
    if temperature_of(evidence.calibration) is None:
        raise NotApplicable("no temperature was fitted; the calibration error is the model's own")
    yield _estimate(_confidence(evidence, calibrated=False), evidence.seed, {})


def _confidence(evidence: Evidence, calibrated: bool) -> Confidence:
    return Confidence.of(*answered_log_probabilities(evidence, calibrated))


def _estimate(confidence: Confidence, seed: int, details: dict) -> Estimate:
    value = expected_calibration_error(confidence)
    low, high = ece_interval(confidence, seed)
    return Estimate(value, low, high, len(confidence.right), details=details)

"""How many answers a promised risk leaves, and whether the promise was kept."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import partial

import numpy as np

from finetrust.core.errors import NotApplicable
from finetrust.core.evidence import Evidence
from finetrust.core.measure import Absence, Estimate, measure
from finetrust.core.once import once
from finetrust.core.predictions import Predictions
from finetrust.trust.accuracy.answers import Answers, answers_of, uncalibrated_answers_of
from finetrust.trust.accuracy.calibration.calibrate import EVERY, Calibrator, calibrators
from finetrust.trust.accuracy.intervals import RESAMPLES, resampled_means, wilson
from finetrust.trust.accuracy.selective.guaranteed_risk import DELTA, RiskTable
from finetrust.trust.accuracy.selective.validation_answers import validation_answers_of

RISKS = (0.05, 0.01)
"""The risks that are promised: 5 % and 1 % of the given answers wrong."""

THRESHOLD = (
    "A confidence is chosen on validation data, so that with a probability of 95 % no more than the "
    "stated share of the answers above it are wrong on new data of the same kind: Learn then Test, "
    "fixed sequence, exact binomial p-values. Confidence is the probability of the predicted class "
    "before calibration, since calibration is fitted to the same data; where calibration changes answers, "
    "the promise is of the answers before it, and what is measured is of those after it."
)
REFERENCE = (
    "Geifman & El-Yaniv 2017, arXiv:1705.08500; Angelopoulos et al. 2021, "
    "arXiv:2110.01052 (fixed-sequence testing)"
)


@measure(
    "coverage_at_risk",
    axis="accuracy",
    title="Answers given at a promised risk",
    better="higher",
    method=f"{THRESHOLD} The value is the share of test items with more confidence. Wilson score "
    "interval.",
    reference=REFERENCE,
    unit="%",
    needs=("target", "logits"),
    share=True,
    meaning="For how many cases the model may answer by itself if it must keep the promise; the "
    "others go to a person.",
    topic="selective",
)
def coverage_at_risk(evidence: Evidence) -> Iterator[Estimate | Absence]:
    """Yield the share of answers for each of ``RISKS``; the details hold the threshold."""
    n = len(evidence.clean)
    for promise in _promises(evidence):
        if promise.reason:
            yield Absence(promise.reason, promise.subset)
            continue
        low, high = wilson(promise.answered.sum(), n)
        yield Estimate(
            float(promise.answered.mean()),
            float(low),
            float(high),
            n,
            promise.subset,
            {
                "threshold": promise.threshold,
                "delta": DELTA,
                "n_validation": _table(evidence).n,
            },
            replicates=partial(_resampled_share, promise.answered, evidence.seed),
        )


@measure(
    "risk_when_answering",
    axis="accuracy",
    title="Errors among the answers given at a promised risk",
    better="lower",
    method=f"{THRESHOLD} The value is the share of errors among the test items with more confidence. "
    "Wilson score interval.",
    reference=REFERENCE,
    unit="%",
    needs=("target", "logits"),
    share=True,
    meaning="Whether the promise was kept on the test data: this should be no more than was promised.",
    topic="selective",
)
def risk_when_answering(evidence: Evidence) -> Iterator[Estimate | Absence]:
    """Yield the share of errors among the answers for each of ``RISKS``."""
    wrong = np.ones(len(evidence.clean), dtype=bool)
    wrong[answers_of(evidence).rows] = ~answers_of(evidence).right
    for promise in _promises(evidence):
        if promise.reason or not promise.answered.any():
            reason = promise.reason or "no test item has the confidence that the promise takes"
            yield Absence(reason, promise.subset)
            continue
        n, errors = int(promise.answered.sum()), int((promise.answered & wrong).sum())
        low, high = wilson(errors, n)
        yield Estimate(
            errors / n,
            float(low),
            float(high),
            n,
            promise.subset,
            {"threshold": promise.threshold, "promised": promise.risk, "delta": DELTA},
            replicates=partial(_resampled_risk, promise.answered, wrong, evidence.seed),
        )


def risk_table(validation: Predictions, answers: Answers) -> RiskTable:
    """Return the table of validation items; those without an answer are wrong and come last."""
    confidence, wrong = np.full(len(validation), -1.0), np.ones(len(validation), dtype=bool)
    confidence[answers.rows], wrong[answers.rows] = answers.confidence, ~answers.right
    return RiskTable.of(confidence, wrong)


def _fit(validation: Predictions) -> dict[str, dict]:
    try:
        return {"selective": risk_table(validation, Answers.of(validation, {})).to_json()}
    except NotApplicable:
        return {}


calibrators.add("selective", Calibrator(("target", "logits"), _fit, method=EVERY))


@dataclass(frozen=True, eq=False)
class _Promise:
    """What comes of a promised risk: why there is no threshold, or what is answered above it."""

    risk: float
    reason: str = ""
    threshold: float = 0.0
    answered: np.ndarray = field(default_factory=lambda: np.zeros(0, bool))

    @property
    def subset(self) -> str:
        return f"risk={self.risk:.0%}"


@once
def _table(evidence: Evidence) -> RiskTable:
    validation_answers_of(evidence)
    assert evidence.validation is not None
    return risk_table(evidence.validation, validation_answers_of(evidence))


def _promises(evidence: Evidence) -> Iterator[_Promise]:
    table, own = _table(evidence), uncalibrated_answers_of(evidence)
    confidence = np.full(len(evidence.clean), -1.0)
    confidence[own.rows] = own.confidence
    for risk in RISKS:
        try:
            threshold = table.threshold_for(risk)
        except NotApplicable as reason:
            yield _Promise(risk, str(reason))
        else:
            yield _Promise(risk, "", threshold, confidence > threshold)


def _resampled_share(answered: np.ndarray, seed: int) -> np.ndarray:
    return resampled_means(answered[:, None], RESAMPLES, seed)[:, 0]


def _resampled_risk(answered: np.ndarray, wrong: np.ndarray, seed: int) -> np.ndarray:
    columns = np.stack([answered, answered & wrong], axis=1)
    means = resampled_means(columns, RESAMPLES, seed)
    with np.errstate(invalid="ignore"):
        return means[:, 1] / means[:, 0]

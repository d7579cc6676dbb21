"""AURC: how well confidence orders answers, so that the unsure ones can be left to a person."""

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np

from finetrust.core.errors import NotApplicable
from finetrust.core.evidence import Evidence
from finetrust.core.measure import Estimate, measure
from finetrust.core.once import once
from finetrust.trust.accuracy.answers import answers_of
from finetrust.trust.accuracy.intervals import bca_interval, wilson
from finetrust.trust.accuracy.selective.risk_coverage import RankedErrors, optimal_aurc

METHOD = (
    "Answers are ordered by the probability of the predicted class, highest first; the share of "
    "errors among the first k, averaged over all k from 1 to n; answers of equal probability share "
    "their errors evenly. An item without finite scores is wrong and comes last."
)


@measure(
    "aurc",
    axis="accuracy",
    title="Area under the risk-coverage curve",
    better="lower",
    method=f"{METHOD} BCa bootstrap over items; where all are right, or all wrong, the Wilson "
    "interval of the error rate.",
    reference="Geifman, Uziel & El-Yaniv 2019, arXiv:1805.08206, section 2",
    unit="%",
    needs=("target", "logits"),
    meaning="The error rate averaged over every share of answers that could be left to a person, the "
    "least sure first; with useless confidence it is the plain error rate.",
    topic="selective",
)
def area_under_the_risk_coverage_curve(evidence: Evidence) -> Iterator[Estimate]:
    """Yield the AURC; the details hold the risk-coverage curve (``curve``) and the error rate."""
    ranked = ranked_errors(evidence)
    details = {"curve": ranked.curve(), "error": ranked.errors / len(ranked.wrong)}
    yield _estimate(evidence, 0, ranked.aurc, ranked.errors, details)


@measure(
    "eaurc",
    axis="accuracy",
    title="Excess area under the risk-coverage curve",
    better="lower",
    method=f"{METHOD} Less what that mean would be if every wrong answer came after every right one. "
    "BCa bootstrap over items; where all are right, or all wrong, there is no order to judge: with n "
    "items and no error seen the Wilson interval of the error rate bounds it.",
    reference="Geifman, Uziel & El-Yaniv 2019, arXiv:1805.08206, section 2 (E-AURC)",
    unit="%",
    needs=("target", "logits"),
    meaning="What of the area under the risk-coverage curve is due to wrong answers given with more "
    "confidence than right ones; 0 would be a perfect order.",
    topic="selective",
    secondary=True,
)
def excess_area_under_the_risk_coverage_curve(evidence: Evidence) -> Iterator[Estimate]:
    """Yield the excess AURC; the details hold the AURC of the best order."""
    ranked = ranked_errors(evidence)
    n = len(ranked.wrong)
    if ranked.errors == n and n > 1:
        raise NotApplicable(
            "every answer is wrong, so that no order of them is better than another"
        )
    details = {"best": float(optimal_aurc(ranked.errors, n))}
    yield _estimate(evidence, 1, ranked.excess, 0, details)


@once
def ranked_errors(evidence: Evidence) -> RankedErrors:
    """Return the errors among the clean items by confidence; those without an answer come last."""
    answers = answers_of(evidence)
    confidence = np.full(len(evidence.clean), -np.inf)
    wrong = np.ones(len(evidence.clean), dtype=bool)
    confidence[answers.rows], wrong[answers.rows] = answers.confidence, ~answers.right
    return RankedErrors.of(confidence, wrong)


@once
def _resampled(evidence: Evidence) -> tuple[np.ndarray, np.ndarray]:
    return ranked_errors(evidence).resampled(evidence.seed)


def _estimate(
    evidence: Evidence, which: int, value: float, errors: int, details: Mapping[str, Any]
) -> Estimate:
    """Return AURC (0) or its excess (1); `errors` of n bound it where all answers are alike."""
    ranked = ranked_errors(evidence)
    n = len(ranked.wrong)
    if ranked.errors in (0, n):
        low, high = map(float, wilson(errors, n))
    else:
        low, high = bca_interval(value, _resampled(evidence)[which], ranked.influence[which])
    low, high = min(max(low, 0.0), value), max(min(high, 1.0), value)
    return Estimate(
        value, low, high, n, details=details, replicates=lambda: _resampled(evidence)[which]
    )

"""AURC, answers at a promised risk, and telling right from wrong, as measures of evidence."""

import numpy as np
import pytest
from hypothesis import given
from scipy.stats import norm
from sklearn.metrics import roc_auc_score

from finetrust.core.errors import NotApplicable
from finetrust.core.measure import Absence
from finetrust.trust.accuracy.answers import answers_of
from finetrust.trust.accuracy.selective.aurc import (
    area_under_the_risk_coverage_curve,
    excess_area_under_the_risk_coverage_curve,
)
from finetrust.trust.accuracy.selective.coverage_at_risk import (
    coverage_at_risk,
    risk_when_answering,
)
from finetrust.trust.accuracy.selective.delong import auroc_interval, resampled_auroc
from finetrust.trust.accuracy.selective.failure_auroc import SCORES, failure_auroc

from ...worlds import calibrated_world, evidence_of, predictions_of, tables

LOGITS, TARGETS = calibrated_world(1500, 4, seed=0, sharpness=6)
VALIDATION = predictions_of(*calibrated_world(2000, 4, seed=1, sharpness=6))


@given(tables())
def test_the_area_lies_between_the_best_and_the_worst_order(table: tuple) -> None:
    evidence = evidence_of(*table)
    (found,) = area_under_the_risk_coverage_curve(evidence)
    answers = answers_of(evidence)
    worst = np.mean(np.cumsum(np.sort(~answers.right)[::-1]) / np.arange(1, len(answers.rows) + 1))
    best = np.mean(np.cumsum(np.sort(~answers.right)) / np.arange(1, len(answers.rows) + 1))
    assert best - 1e-12 <= found.value <= worst + 1e-12
    assert found.ci_low <= found.value <= found.ci_high


def test_an_item_without_an_answer_is_wrong_and_comes_last() -> None:
    logits = np.array([[3.0, 0], [2, 0], [np.nan, 0]])
    (found,) = area_under_the_risk_coverage_curve(evidence_of(logits, [0, 0, 0]))
    assert found.value == pytest.approx(1 / 9)
    assert found.details["error"] == pytest.approx(1 / 3)


def test_where_all_are_right_the_error_rate_bounds_the_area() -> None:
    logits = np.tile([4.0, 0], (50, 1))
    (found,) = area_under_the_risk_coverage_curve(evidence_of(logits, np.zeros(50)))
    assert (found.value, found.ci_low) == (0, 0)
    assert found.ci_high == pytest.approx(0.0713, abs=1e-3)
    with pytest.raises(NotApplicable, match="every answer is wrong"):
        list(excess_area_under_the_risk_coverage_curve(evidence_of(logits, np.ones(50))))


def test_a_permuted_confidence_costs_excess() -> None:
    """Logits of random scale have the same answers and a confidence that says nothing."""
    scale = np.random.default_rng(0).permutation(np.geomspace(0.01, 100, len(LOGITS)))
    spoiled = LOGITS * scale[:, None]
    sound, broken = (
        next(iter(excess_area_under_the_risk_coverage_curve(evidence_of(x, TARGETS))))
        for x in (LOGITS, spoiled)
    )
    assert broken.ci_low > sound.ci_high


def test_answers_at_a_promised_risk_keep_it() -> None:
    evidence = evidence_of(LOGITS, TARGETS, validation=VALIDATION)
    shares = {e.subset: e for e in coverage_at_risk(evidence)}
    risks = {e.subset: e for e in risk_when_answering(evidence)}
    assert set(shares) == set(risks) == {"risk=5%", "risk=1%"}
    assert 0.2 < shares["risk=1%"].value < shares["risk=5%"].value < 1
    for subset, promised in (("risk=5%", 0.05), ("risk=1%", 0.01)):
        answers = answers_of(evidence)
        given_ = answers.confidence > shares[subset].details["threshold"]
        assert shares[subset].value == given_.mean()
        assert risks[subset].value == pytest.approx((~answers.right[given_]).mean())
        assert risks[subset].ci_low <= promised
        assert risks[subset].n == given_.sum()


def test_a_temperature_changes_neither_threshold_nor_answers() -> None:
    plain = evidence_of(LOGITS, TARGETS, validation=VALIDATION)
    scaled = evidence_of(LOGITS, TARGETS, validation=VALIDATION, calibration={"temperature": 3.0})
    assert list(coverage_at_risk(plain)) == list(coverage_at_risk(scaled))
    assert list(risk_when_answering(plain)) == list(risk_when_answering(scaled))


def test_what_cannot_be_promised_says_why() -> None:
    few = VALIDATION.take(np.arange(100))
    found = list(coverage_at_risk(evidence_of(LOGITS, TARGETS, validation=few)))
    absent = {e.subset: e.reason for e in found if isinstance(e, Absence)}
    assert "takes 299 at least" in absent["risk=1%"]
    with pytest.raises(NotApplicable, match="no predictions for validation data"):
        list(coverage_at_risk(evidence_of(LOGITS, TARGETS)))


@given(tables(min_items=2))
def test_failure_auroc_agrees_with_scikit_learn(table: tuple) -> None:
    evidence = evidence_of(*table)
    answers = answers_of(evidence)
    if answers.right.all() or not answers.right.any():
        with pytest.raises(NotApplicable, match="every answer is"):
            list(failure_auroc(evidence))
        return
    found = {e.subset: e for e in failure_auroc(evidence)}
    assert set(found) == {"", *(f"score={name}" for name in SCORES)}
    assert found[""].value == found["score=msp"].value
    for name, score in SCORES.items():
        estimate = found[f"score={name}"]
        assert estimate.value == pytest.approx(roc_auc_score(answers.right, score(answers)))
        assert 0 <= estimate.ci_low <= estimate.value <= estimate.ci_high <= 1


def test_delongs_variance_is_that_of_plain_loops() -> None:
    rng = np.random.default_rng(0)
    score = rng.normal(size=60).round(1)
    positive = rng.random(60) < 0.7
    ones, zeros = score[positive], score[~positive]
    kernel = np.array([[(a > b) + 0.5 * (a == b) for b in zeros] for a in ones])
    v10, v01 = kernel.mean(axis=1), kernel.mean(axis=0)
    spread = v10.var(ddof=1) / len(ones) + v01.var(ddof=1) / len(zeros)
    value, low, high = auroc_interval(score, positive)
    assert value == pytest.approx(kernel.mean())
    from scipy.special import logit
    from scipy.stats import t

    half = t.ppf(0.975, min(len(ones), len(zeros)) - 1) * np.sqrt(spread) / (value * (1 - value))
    assert logit(high) - logit(low) == pytest.approx(2 * half)


def test_its_interval_covers_and_separation_proves_little_with_few_errors() -> None:
    rng = np.random.default_rng(3)
    true, covered = norm.cdf(1.5 / np.sqrt(2)), []
    for _ in range(300):
        positive = np.arange(200) >= 20
        _, low, high = auroc_interval(rng.normal(size=200) + 1.5 * positive, positive)
        covered.append(low <= true <= high)
    assert np.mean(covered) == pytest.approx(0.95, abs=0.035)
    value, low, high = auroc_interval(np.arange(50.0), np.arange(50) >= 3)
    assert (value, high) == (1, 1)
    assert low < 0.5


def test_resampled_aurocs_are_those_of_the_resamples() -> None:
    from finetrust.trust.accuracy.intervals import resampled_counts

    rng = np.random.default_rng(4)
    positive = rng.random(400) < 0.8
    score = rng.normal(size=400) + positive
    found = resampled_auroc(score, positive, np.arange(400), 400, seed=0)
    counts = next(iter(resampled_counts(400, 1000, 0)))[:50]
    exact = [roc_auc_score(positive, score, sample_weight=row) for row in counts]
    assert np.corrcoef(exact, found[:50])[0, 1] > 0.98

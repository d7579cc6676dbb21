"""How far probabilities of classes may be off for all that a sample shows."""

from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import assume, given
from scipy.special import softmax

from finetrust.trust.accuracy.calibration.allowed_gaps import SURE, AllowedGaps, allowed_gaps
from finetrust.trust.accuracy.calibration.bins import BINS, edges
from finetrust.trust.accuracy.calibration.brier_parts import brier_calibration
from finetrust.trust.accuracy.calibration.classwise import classwise_of
from finetrust.trust.accuracy.calibration.clustered_ece import clustered_ece
from finetrust.trust.accuracy.calibration.ece_classwise import ece_classwise
from finetrust.trust.accuracy.calibration.reliability import Confidence
from finetrust.trust.stability.calibration_under_shift import corruption_ece

from ...worlds import evidence_of, predictions_of, tables


@given(tables(min_items=2))
def test_errors_are_never_below_what_the_gaps_of_a_part_come_to(table: tuple) -> None:
    logits, targets = table
    assume(logits.shape[1] > 1)
    evidence = evidence_of(logits, targets)
    found = classwise_of(evidence)
    p = softmax(logits.astype(np.float64), axis=1)
    sure = p.max(axis=1) > SURE
    share, gap = np.ones(p.shape[1]), np.abs(found.sums.sum(axis=1)) / found.n
    if sure.any():
        of_sure = (p.argmax(axis=1) == targets)[sure] - p.max(axis=1)[sure]
        share, gap = np.append(share, sure.mean()), np.append(gap, abs(of_sure.mean()))
    least = AllowedGaps(p.shape[1], share, gap)
    squared = (found.sums**2 / np.maximum(found.count, 1)).sum() / found.n
    assert found.error >= least.error - 1e-9
    assert squared >= least.squared - 1e-9
    allowed = allowed_gaps(evidence, found)
    assert allowed.error >= least.error
    assert allowed.squared >= least.squared


def test_what_is_sure_starts_at_an_edge_of_the_bins() -> None:
    assert edges()[8] == pytest.approx(SURE)
    assert len(edges()) == BINS + 1


def test_two_classes_at_one_half_may_be_off_by_as_much_as_their_shares() -> None:
    found = next(ece_classwise(evidence_of(np.zeros((100, 2)), np.arange(100) % 2)))
    assert (found.value, found.ci_low) == (pytest.approx(0), 0)
    assert found.ci_high == pytest.approx(1.96 * 0.05, abs=0.003)


def by_clusters(logits: np.ndarray, targets: np.ndarray) -> tuple[float, float]:
    log_p = logits - np.logaddexp(*logits.T)[:, None]
    return clustered_ece(Confidence.of(log_p, targets), np.arange(200), 200, 0)[1:]


def under_corruption(logits: np.ndarray, targets: np.ndarray) -> tuple[float, float]:
    fog = {"fog-1": predictions_of(logits, targets, name="fog-1")}
    found = next(corruption_ece(evidence_of(logits, targets, perturbed=fog)))
    return found.ci_low, found.ci_high


def by_class(logits: np.ndarray, targets: np.ndarray) -> tuple[float, float]:
    found = next(ece_classwise(evidence_of(logits, targets)))
    return found.ci_low, found.ci_high


def of_brier(logits: np.ndarray, targets: np.ndarray) -> tuple[float, float]:
    found = next(brier_calibration(evidence_of(logits, targets)))
    return (found.ci_low / 2) ** 0.5, (found.ci_high / 2) ** 0.5


@pytest.mark.parametrize("interval", [by_clusters, under_corruption, by_class, of_brier])
def test_a_model_that_is_a_little_too_sure_and_rarely_wrong_is_covered(interval: Callable) -> None:
    """200 items, two classes, confidence 0.975 on average where 0.95 are right: few errors are seen."""
    rng, worlds, covered = np.random.default_rng(0), 60, 0
    for _ in range(worlds):
        targets, confidence = rng.integers(0, 2, 200), rng.uniform(0.95, 0.999, 200)
        answers = np.where(rng.random(200) < 0.95, targets, 1 - targets)
        logits = np.zeros((200, 2))
        logits[np.arange(200), answers] = np.log(confidence / (1 - confidence))
        low, high = interval(logits, targets)
        covered += low <= 0.9745 - 0.95 <= high
    assert covered / worlds > 0.9

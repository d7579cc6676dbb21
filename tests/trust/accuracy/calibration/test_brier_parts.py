"""Calibration and refinement, the two parts of the Brier score."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.special import softmax

from finetrust.core.measure import Estimate
from finetrust.trust.accuracy.calibration.brier import brier
from finetrust.trust.accuracy.calibration.brier_parts import brier_calibration, brier_refinement

from ...worlds import calibrated_world, evidence_of, tables


def measured(logits: object, targets: object, **rest: object) -> tuple[Estimate, Estimate]:
    evidence = evidence_of(logits, targets, **rest)
    (calibration,), (refinement,) = brier_calibration(evidence), brier_refinement(evidence)
    return calibration, refinement


def plain(p: np.ndarray, targets: np.ndarray) -> float:
    """Return the calibration part by loops: the mean product of the gaps of two items of a bin."""
    n, classes = p.shape
    total = 0.0
    for c in range(classes):
        bins = np.ceil(p[:, c] * 15).clip(1, 15)
        for b in set(bins.tolist()):
            gaps = [(targets[i] == c) - p[i, c] for i in range(n) if bins[i] == b]
            k = len(gaps)
            if k > 1:
                pairs = sum(gaps[i] * gaps[j] for i in range(k) for j in range(k) if i != j)
                total += k / n * pairs / (k * (k - 1))
    return max(total, 0.0)


@pytest.mark.parametrize("classes", [2, 4])
@pytest.mark.parametrize("temperature", [0.3, 1.0])
def test_it_is_that_of_a_plain_loop(classes: int, temperature: float) -> None:
    logits, targets = calibrated_world(100, classes, seed=classes)
    found, _ = measured(logits, targets, calibration={"temperature": temperature})
    expected = plain(softmax(logits / temperature, axis=1), targets)
    assert found.value == pytest.approx(expected, abs=1e-9)


@given(tables(min_items=2), st.integers(0, 100))
def test_the_parts_add_up_to_the_brier_score(table: tuple, seed: int) -> None:
    logits, targets = table
    calibration, refinement = measured(logits, targets)
    (whole,) = brier(evidence_of(logits, targets))
    assert calibration.value + refinement.value == pytest.approx(whole.value, abs=1e-9)
    for part in (calibration, refinement):
        assert 0 <= part.ci_low <= part.value <= part.ci_high
    order = np.random.default_rng(seed).permutation(len(targets))
    again, _ = measured(logits[order], targets[order])
    assert again.value == pytest.approx(calibration.value, abs=1e-9)


def test_a_constant_model_has_the_parts_of_theory() -> None:
    # p = 0.8 for what is true in 60 %: calibration 2 * 0.2^2, refinement 2 * 0.6 * 0.4.
    logits = np.tile(np.log([0.8, 0.2]), (10_000, 1))
    calibration, refinement = measured(logits, (np.arange(10_000) % 5 >= 3).astype(int))
    assert calibration.value == pytest.approx(0.08, abs=1e-4)
    assert refinement.value == pytest.approx(0.48, abs=1e-4)


def test_calibration_is_what_a_temperature_takes_away() -> None:
    logits, targets = calibrated_world(5000, 5, seed=0)
    overconfident, refinement = measured(3 * logits, targets)
    calibrated, _ = measured(logits, targets)
    assert overconfident.ci_low > 0.05
    assert calibrated.ci_low == 0
    assert calibrated.value < 0.003
    assert refinement.replicates is not None
    assert refinement.replicates().mean() == pytest.approx(refinement.value, abs=0.01)


def test_the_intervals_cover_the_true_parts() -> None:
    logits, targets = calibrated_world(300_000, 4, seed=10_000)
    truth = [part.value for part in measured(2 * logits, targets)]
    covered = np.zeros((100, 2))
    for seed in range(100):
        world, answers = calibrated_world(300, 4, seed)
        parts = measured(2 * world, answers, seed=seed)
        covered[seed] = [p.ci_low <= t <= p.ci_high for p, t in zip(parts, truth, strict=True)]
    assert (covered.mean(axis=0) > 0.95 - 3 * (0.95 * 0.05 / 100) ** 0.5).all()

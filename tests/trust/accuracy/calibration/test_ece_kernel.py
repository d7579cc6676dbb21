"""Smooth calibration error."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from finetrust.core.measure import Estimate
from finetrust.trust.accuracy.calibration.ece_kernel import ece_kernel, smooth_error
from finetrust.trust.accuracy.calibration.reliability import Confidence

from ...worlds import calibrated_world, evidence_of, tables


def measured(logits: object, targets: object, **rest: object) -> Estimate:
    (estimate,) = ece_kernel(evidence_of(logits, targets, **rest))
    return estimate


def plain(confidence: Confidence, points: int = 1000) -> float:
    """Return the smooth ECE by its definition: a reflected Gaussian of each item, on a fine grid."""
    t = (np.arange(points) + 0.5) / points

    def smoothed(width: float) -> float:
        total = np.zeros(points)
        for p, gap in zip(confidence.confidence, confidence.gaps, strict=True):
            centres = [2 * k + sign * p for k in range(-3, 4) for sign in (1, -1)]
            kernel = sum(np.exp(-((t - c) ** 2) / (2 * width**2)) for c in centres)
            total += kernel / (width * np.sqrt(2 * np.pi)) * gap
        return float(np.abs(total / len(confidence.right)).mean())

    low, high = 0.0, 1.0
    for _ in range(16):
        width = (low + high) / 2
        low, high = (width, high) if smoothed(width) > width else (low, width)
    return (low + high) / 2


@pytest.mark.parametrize("shift", [0.0, 0.1, 0.3])
def test_it_is_that_of_its_definition(shift: float) -> None:
    rng = np.random.default_rng(0)
    p = rng.uniform(0.3, 1, 60)
    confidence = Confidence(p, rng.random(60) < p - shift)
    assert smooth_error(confidence, seed=0)[0] == pytest.approx(plain(confidence), abs=1e-3)


def test_one_and_the_same_gap_is_itself() -> None:
    confidence = Confidence(np.full(10, 0.8), np.arange(10) < 5)
    assert smooth_error(confidence, seed=0)[0] == pytest.approx(0.3, abs=1e-5)


@settings(max_examples=15)
@given(tables(), st.integers(0, 100))
def test_it_lies_in_its_interval_and_order_does_not_matter(table: tuple, seed: int) -> None:
    logits, targets = table
    found = measured(logits, targets)
    assert 0 <= found.ci_low <= found.value <= found.ci_high <= 1
    order = np.random.default_rng(seed).permutation(len(targets))
    shuffled = measured(logits[order], targets[order])
    assert shuffled.value == pytest.approx(found.value, abs=1e-6)


def test_an_overconfident_model_is_found_out_and_a_calibrated_one_is_not() -> None:
    logits, targets = calibrated_world(5000, 10, seed=0)
    calibrated, overconfident = measured(logits, targets), measured(3 * logits, targets)
    assert calibrated.ci_low == 0
    assert calibrated.value < 0.02
    assert overconfident.ci_low > 0.2
    assert overconfident.details["p_value"] < 0.002


@pytest.mark.parametrize("gap", [0.0, 0.15])
def test_the_interval_covers_the_true_error(gap: float) -> None:
    def interval(seed: int) -> tuple[float, float]:
        rng = np.random.default_rng(seed)
        p = rng.uniform(0.4, 1, 300)
        return smooth_error(Confidence(p, rng.random(300) < p - gap), seed)[1:3]

    found = [interval(seed) for seed in range(25)]
    assert np.mean([low <= gap <= high for low, high in found]) > 0.95 - 3 * (0.05 / 25) ** 0.5

"""Maximum calibration error."""

import numpy as np
import pytest
from hypothesis import given
from scipy.stats import binomtest

from finetrust.core.measure import Estimate
from finetrust.trust.accuracy.calibration.mce import maximum_calibration_error, mce
from finetrust.trust.accuracy.calibration.reliability import Confidence, reliability_diagram

from ...worlds import calibrated_world, evidence_of, tables


def measured(logits: object, targets: object, **rest: object) -> Estimate:
    (estimate,) = mce(evidence_of(logits, targets, **rest))
    return estimate


def planted(bars: list[tuple[float, int, int]]) -> Confidence:
    """Return items by confidence, how many there are and how many are right."""
    confidence = np.concatenate([np.full(n, c) for c, n, _ in bars])
    right = np.concatenate([np.arange(n) < k for _, n, k in bars])
    return Confidence(confidence, right)


@given(tables())
def test_it_is_the_longest_gap_of_the_diagram(table: tuple) -> None:
    found = measured(*table)
    logits, targets = table
    log_p = logits - np.logaddexp.reduce(logits.astype(float), axis=1, keepdims=True)
    diagram = reliability_diagram(Confidence.of(log_p, targets))
    bars = zip(diagram["confidence"], diagram["accuracy"], strict=True)
    expected = max(abs(c - a) for c, a in bars if c is not None)
    assert found.value == pytest.approx(expected, abs=1e-9)
    assert 0 <= found.ci_low <= found.value <= found.ci_high <= 1


def test_the_bin_that_is_worst_is_named() -> None:
    confidence = planted([(0.5, 100, 50), (0.7, 100, 40), (0.9, 100, 90)])
    value, low, high, worst = maximum_calibration_error(confidence)
    assert value == pytest.approx(0.3)
    assert worst == 10
    assert 0.1 < low < 0.3 < high < 0.5


def test_its_interval_is_the_exact_one_of_a_single_bin() -> None:
    value, low, high, _ = maximum_calibration_error(planted([(0.9, 40, 20)]))
    exact = binomtest(20, 40).proportion_ci(0.95)
    assert (low, high) == (pytest.approx(0.9 - exact.high), pytest.approx(0.9 - exact.low))
    assert low < value < high


@pytest.mark.parametrize("right", [0, 3])
def test_a_few_items_prove_little(right: int) -> None:
    _, low, high, _ = maximum_calibration_error(planted([(0.5, 3, right)]))
    assert low == 0
    assert high == 0.5


def test_it_agrees_with_its_replicates_on_average() -> None:
    found = measured(*calibrated_world(3000, 3, seed=0), calibration={"temperature": 0.4})
    assert found.replicates is not None
    replicates = found.replicates()
    assert replicates.shape == (1000,)
    assert found.ci_low < np.median(replicates) < found.ci_high


@pytest.mark.parametrize("overconfidence", [1.0, 2.0])
def test_the_interval_covers_the_true_error(overconfidence: float) -> None:
    def world(n: int, seed: int) -> Confidence:
        rng = np.random.default_rng(seed)
        p = rng.uniform(0.2, 1, n)
        return Confidence(p, rng.random(n) < p**overconfidence)

    p = np.linspace(0.2, 1, 800_001)
    truth = maximum_calibration_error(Confidence(p, p**overconfidence))[0]
    found = [maximum_calibration_error(world(400, seed))[1:3] for seed in range(150)]
    covered = np.mean([low <= truth <= high for low, high in found])
    assert covered > 0.95 - 3 * (0.95 * 0.05 / 150) ** 0.5

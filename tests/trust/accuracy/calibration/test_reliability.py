"""The reliability diagram, the calibration error and its interval."""

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from scipy.special import log_softmax, softmax
from sklearn.calibration import calibration_curve
from torchmetrics.functional.classification import multiclass_calibration_error

from finetrust.trust.accuracy.calibration.bins import BINS
from finetrust.trust.accuracy.calibration.reliability import (
    Confidence,
    calibration_p_value,
    ece_interval,
    expected_calibration_error,
    reliability_diagram,
)

from ...worlds import calibrated_world, tables


def confidence_of(logits: np.ndarray, targets: np.ndarray) -> Confidence:
    return Confidence.of(log_softmax(np.asarray(logits, float), axis=1), targets)


def planted(confidence: object, right: object) -> Confidence:
    return Confidence(np.asarray(confidence, float), np.asarray(right, bool))


@pytest.mark.parametrize("classes", [2, 10, 100])
@pytest.mark.parametrize("sharpness", [0.1, 2, 20])
def test_it_agrees_with_torchmetrics(classes: int, sharpness: float) -> None:
    rng = np.random.default_rng(classes)
    logits = sharpness * rng.normal(size=(3000, classes))
    targets = rng.integers(0, classes, 3000)
    expected = multiclass_calibration_error(
        torch.tensor(softmax(logits, axis=1)), torch.tensor(targets), classes, n_bins=15, norm="l1"
    )
    found = expected_calibration_error(confidence_of(logits, targets))
    assert found == pytest.approx(float(expected), abs=3e-6)  # torchmetrics adds up in float32


def test_the_bars_agree_with_scikit_learn() -> None:
    confidence = confidence_of(*calibrated_world(500, 4, seed=0))
    diagram = reliability_diagram(confidence)
    accuracy, mean = calibration_curve(confidence.right, confidence.confidence, n_bins=BINS)
    filled = [b for b in range(BINS) if diagram["count"][b]]
    assert [diagram["accuracy"][b] for b in filled] == pytest.approx(accuracy.tolist())
    assert [diagram["confidence"][b] for b in filled] == pytest.approx(mean.tolist())
    assert sum(diagram["count"]) == 500


@given(tables())
def test_the_error_is_read_off_the_bars(table: tuple) -> None:
    confidence = confidence_of(*table)
    diagram = reliability_diagram(confidence)
    bars = zip(diagram["confidence"], diagram["accuracy"], diagram["count"], strict=True)
    expected = sum(n * abs(c - a) for c, a, n in bars if n) / len(table[1])
    assert expected_calibration_error(confidence) == pytest.approx(expected, abs=1e-12)


def test_an_edge_belongs_to_the_bin_below_it() -> None:
    edges = np.linspace(0, 1, BINS + 1)
    assert planted(edges, np.ones(16)).bins.tolist() == [0, *range(15)]


def test_empty_bins_have_no_bar() -> None:
    diagram = reliability_diagram(planted([0.5, 0.52, 0.99], [True, False, True]))
    assert diagram["count"] == [0] * 7 + [2] + [0] * 6 + [1]
    assert diagram["accuracy"][7] == 0.5
    assert diagram["accuracy"][0] is None
    assert diagram["confidence"][14] == pytest.approx(0.99)
    assert len(diagram["edges"]) == 16


def test_a_model_that_is_right_as_often_as_it_says_has_no_error() -> None:
    confidence = planted(np.repeat([0.5, 0.75], [2, 4]), [1, 0, 1, 1, 1, 0])
    assert expected_calibration_error(confidence) == pytest.approx(0, abs=1e-15)


def test_errors_of_opposite_sign_do_not_cancel() -> None:
    confidence = planted([0.6] * 10 + [0.9] * 10, [1] * 8 + [0] * 2 + [1] * 7 + [0] * 3)
    assert expected_calibration_error(confidence) == pytest.approx(0.2)


@given(tables(), st.integers(0, 100))
def test_it_lies_in_its_interval_and_order_does_not_matter(table: tuple, seed: int) -> None:
    logits, targets = table
    confidence = confidence_of(logits, targets)
    value = expected_calibration_error(confidence)
    low, high = ece_interval(confidence, seed)
    assert 0 <= low <= value <= high <= 1
    order = np.random.default_rng(seed).permutation(len(targets))
    shuffled = expected_calibration_error(confidence_of(logits[order], targets[order]))
    assert shuffled == pytest.approx(value, abs=1e-12)


def test_the_p_value_is_uniform_where_confidence_is_the_truth() -> None:
    def world(seed: int) -> Confidence:
        return confidence_of(*calibrated_world(300, 5, seed))

    found = np.array([calibration_p_value(world(seed), seed) for seed in range(300)])
    for level in (0.025, 0.1, 0.5):
        tolerance = 3 * (level * (1 - level) / 300) ** 0.5
        assert np.mean(found <= level) == pytest.approx(level, abs=tolerance)


def test_the_p_value_of_few_items_that_are_all_right_is_that_of_chance() -> None:
    assert calibration_p_value(planted(np.full(3, 0.6), np.ones(3)), 0) > 0.1
    assert calibration_p_value(planted(np.full(30, 0.6), np.ones(30)), 0) < 0.002


@pytest.mark.parametrize("n", [1, 3])
def test_few_items_that_are_all_right_prove_no_underconfidence(n: int) -> None:
    low, high = ece_interval(planted(np.full(n, 0.6), np.ones(n)), seed=0)
    assert low == 0
    assert high >= 0.4


def test_many_items_that_are_all_right_do() -> None:
    low, high = ece_interval(planted(np.full(1000, 0.6), np.ones(1000)), seed=0)
    assert low == pytest.approx(0.4, abs=0.01)
    assert low < 0.4 <= high


@pytest.mark.parametrize("overconfidence", [1.0, 1.15, 1.5, 3.0])
def test_the_interval_covers_the_true_error_at_its_rate(overconfidence: float) -> None:
    def world(n: int, seed: int) -> Confidence:
        logits, targets = calibrated_world(n, 10, seed)
        return confidence_of(overconfidence * logits, targets)

    truth = 0.0
    if overconfidence > 1:
        truth = expected_calibration_error(world(300_000, seed=10_000))
    worlds = 150
    bounds = [ece_interval(world(400, seed), seed) for seed in range(worlds)]
    coverage = np.mean([low <= truth <= high for low, high in bounds])
    missed_above = np.mean([truth > high for _, high in bounds])
    assert coverage > 0.95 - 3 * (0.95 * 0.05 / worlds) ** 0.5
    assert missed_above < 0.05

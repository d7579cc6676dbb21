"""The fitted temperature is the one that minimises the NLL, and survives any data."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.optimize import minimize_scalar
from scipy.special import log_softmax

from finetrust.trust.accuracy.calibration.temperature import CEILING, FLOOR, fit_temperature

from ...worlds import calibrated_world, logits_for, tables


def minimised(logits: np.ndarray, targets: np.ndarray, smoothing: float = 0.0) -> float:
    """Return the temperature at which scipy finds the least NLL of smoothed targets."""
    classes = logits.shape[1]
    wanted = (1 - smoothing) * np.eye(classes)[targets] + smoothing / classes

    def nll(log_temperature: float) -> float:
        return -np.mean((wanted * log_softmax(logits / np.exp(log_temperature), axis=1)).sum(1))

    return float(np.exp(minimize_scalar(nll, bounds=(-3, 6), options={"xatol": 1e-9}).x))


def limits(logits: np.ndarray) -> tuple[float, float]:
    spread = float((logits.max(axis=1) - logits.mean(axis=1)).mean())
    return FLOOR * spread, CEILING * spread


@pytest.mark.parametrize("factor", [0.3, 1.0, 2.5, 12.0])
def test_a_known_overconfidence_is_recovered(factor: float) -> None:
    logits, targets = calibrated_world(20_000, 10, seed=1)
    assert fit_temperature(factor * logits, targets) == pytest.approx(factor, rel=0.02)


@pytest.mark.parametrize("n", [3, 30, 3000])
def test_it_is_the_minimum_that_scipy_finds(n: int) -> None:
    logits, targets = calibrated_world(n, 5, seed=2)
    expected = minimised(logits, targets, smoothing=1 / (n + 1))
    assert fit_temperature(logits, targets) == pytest.approx(expected, rel=1e-5)


def test_the_pseudo_item_moves_it_by_less_than_its_sampling_error() -> None:
    fitted = [calibrated_world(1000, 10, seed) for seed in range(20)]
    plain = np.array([minimised(*world) for world in fitted])
    moved = np.array([fit_temperature(*world) for world in fitted]) - plain
    assert np.abs(moved).max() < plain.std(ddof=1)


@given(tables(), st.floats(0.5, 2))
def test_it_scales_with_the_logits(table: tuple, factor: float) -> None:
    logits, targets = table[0].astype(np.float64), table[1]
    fitted = fit_temperature(logits, targets)
    scaled = fit_temperature(factor * logits, targets)
    if np.ptp(logits, axis=1).max() > 0:
        floor, ceiling = limits(logits)
        assert floor <= fitted <= ceiling
        assert scaled == pytest.approx(factor * fitted, rel=1e-6)


@pytest.mark.parametrize("factor", [1e-6, 1e-3, 1e3])
def test_logits_without_a_scale_are_calibrated_as_well(factor: float) -> None:
    """A cosine head gives logits within 1 of each other, whatever it knows."""
    logits, targets = calibrated_world(20_000, 10, seed=1)
    assert fit_temperature(factor * logits, targets) == pytest.approx(factor, rel=0.02)


@given(tables(), st.integers(0, 1000))
def test_order_of_items_and_classes_and_shift_do_not_matter(table: tuple, seed: int) -> None:
    logits, targets = table[0].astype(np.float64), table[1]
    rng = np.random.default_rng(seed)
    items, classes = rng.permutation(len(logits)), rng.permutation(logits.shape[1])
    moved = logits[items][:, classes] + rng.integers(-8, 8, size=(len(logits), 1))
    fitted = fit_temperature(moved, np.argsort(classes)[targets[items]])
    assert fitted == pytest.approx(fit_temperature(logits, targets), rel=1e-6)


def test_a_constant_model_becomes_as_confident_as_it_is_right() -> None:
    logits = np.tile([2.0, 0.0], (10_000, 1))
    targets = (np.arange(10_000) >= 7000).astype(int)
    assert 2 / np.log(7 / 3) == pytest.approx(fit_temperature(logits, targets), rel=1e-3)


def test_where_all_items_are_right_their_number_limits_the_confidence() -> None:
    few, many = (
        fit_temperature(logits_for(np.zeros(n, int), 2), np.zeros(n, int)) for n in (10, 10_000)
    )
    # With smoothing 1 / (n + 1) over two classes the best confidence is 1 - smoothing / 2.
    assert few == pytest.approx(3 / np.log(21), rel=1e-6)
    assert many == pytest.approx(3 / np.log(20_001), rel=1e-6)


def test_a_model_worse_than_chance_gets_the_least_confidence_there_is() -> None:
    logits = logits_for([0, 0, 1], 2)
    found = fit_temperature(logits, np.array([1, 1, 0]))
    assert found == pytest.approx(limits(logits)[1])
    assert np.ptp(logits) / found < 0.02


@pytest.mark.parametrize(
    "logits",
    [np.zeros((0, 3)), np.full((4, 3), 7.0), np.ones((4, 1)), np.full((4, 3), np.nan)],
    ids=["no items", "equal logits", "one class", "no answers"],
)
def test_where_the_data_say_nothing_it_is_one(logits: np.ndarray) -> None:
    assert fit_temperature(logits, np.zeros(len(logits), int)) == 1.0


def test_items_without_an_answer_are_left_out() -> None:
    logits, targets = calibrated_world(50, 3, seed=3)
    spoiled = np.concatenate([logits, [[np.nan, 0, 0], [np.inf, 0, 0]]])
    assert fit_temperature(spoiled, np.append(targets, [1, 1])) == fit_temperature(logits, targets)


@given(tables(largest=2.0**127))
def test_huge_logits_do_no_harm(table: tuple) -> None:
    found = fit_temperature(*table)
    floor, ceiling = limits(table[0].astype(np.float64))
    assert floor * (1 - 1e-9) <= found <= ceiling * (1 + 1e-9) or found == 1.0

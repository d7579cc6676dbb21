"""The share of wrong labels: counted where they are planted, none where the model just errs."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import minimize
from scipy.special import log_softmax

from finetrust.trust.data.label_noise import (
    LabelNoise,
    label_noise,
    most_noise,
    probability_of,
    probability_wrong,
)

from ..worlds import tables
from .noisy_worlds import noisy_world


def fit(n: int, classes: int, share: float, seed: int, sharpness: float = 4.2) -> LabelNoise:
    logits, labels, _ = noisy_world(n, classes, share, seed, sharpness)
    return label_noise(log_softmax(logits, axis=1), labels)


def negative_log_likelihood(
    share: float, temperature: float, logits: np.ndarray, labels: np.ndarray
) -> float:
    p = np.exp(log_softmax(logits / temperature, axis=1))[np.arange(len(labels)), labels]
    p = np.clip(p, 1e-12, 1)
    return -np.log((1 - share) * p + share * (1 - p) / (logits.shape[1] - 1)).sum()


@pytest.mark.parametrize("share", [0.01, 0.05, 0.2])
def test_the_interval_holds_the_planted_share_and_the_alarm_is_sure(share: float) -> None:
    found = fit(3000, 10, share, seed=1)
    assert found.ci_low <= share <= found.ci_high
    assert found.p_value < 1e-6
    assert found.temperature == pytest.approx(1, abs=0.2)


@pytest.mark.parametrize("sharpness", [1, 4.2, 30])
def test_the_errors_of_an_honest_model_are_its_own(sharpness: float) -> None:
    found = fit(3000, 10, 0, seed=2, sharpness=sharpness)
    assert found.share < 0.01
    assert found.ci_low == 0
    assert found.p_value > 0.001


def test_clean_worlds_raise_no_alarm_and_intervals_keep_their_promise() -> None:
    clean = [fit(500, 5, 0, seed, sharpness=3) for seed in range(0, 200, 2)]
    assert not any(found.p_value < 0.001 for found in clean)
    assert sum(found.p_value < 0.05 for found in clean) <= 10
    noisy = [fit(500, 5, 0.1, seed, sharpness=3) for seed in range(1, 201, 2)]
    assert sum(found.ci_low <= 0.1 <= found.ci_high for found in noisy) >= 89


@pytest.mark.parametrize("factor", [0.4, 2.5])
def test_overconfidence_is_not_taken_for_noise(factor: float) -> None:
    logits, labels, _ = noisy_world(3000, 10, 0, seed=3)
    found = label_noise(log_softmax(factor * logits, axis=1), labels)
    assert found.share < 0.005
    assert found.temperature == pytest.approx(factor, rel=0.15)


def test_it_is_the_maximum_of_the_likelihood_that_a_general_optimiser_finds() -> None:
    logits, labels, _ = noisy_world(800, 6, 0.08, seed=4)
    found = label_noise(log_softmax(logits, axis=1), labels)
    best = minimize(
        lambda x: negative_log_likelihood(x[0], np.exp(x[1]), logits, labels),
        [0.1, 0.1],
        method="Nelder-Mead",
        options={"xatol": 1e-7, "fatol": 1e-9},
    )
    assert found.share == pytest.approx(best.x[0], abs=2e-4)
    assert found.temperature == pytest.approx(np.exp(best.x[1]), rel=5e-3)
    limit = best.fun + 3.841459 / 2
    for end in (found.ci_low, found.ci_high):
        profile = minimize(
            lambda x, end=end: negative_log_likelihood(end, np.exp(x[0]), logits, labels),
            [0.0],
            method="Nelder-Mead",
        )
        assert profile.fun == pytest.approx(limit, abs=0.05)


@settings(max_examples=40)
@given(tables(largest=2.0**100), st.randoms(use_true_random=False))
def test_on_any_table_it_is_sound_and_order_means_nothing(table: tuple, random) -> None:
    logits, labels = table
    n, classes = logits.shape
    if classes < 2:
        return
    log_p = log_softmax(logits.astype(np.float64), axis=1)
    found = label_noise(log_p, labels)
    assert 0 <= found.ci_low <= found.share <= found.ci_high <= most_noise(classes)
    assert 0 <= found.p_value <= 1
    assert found.temperature > 0
    order = np.array(random.sample(range(n), n))
    again = label_noise(log_p[order], labels[order])
    assert again.share == pytest.approx(found.share, abs=1e-3)


def test_labels_drawn_by_lot_are_all_noise_and_certain_right_ones_are_none() -> None:
    logits = 50 * np.eye(4)[np.arange(400) % 4]
    log_p = log_softmax(logits, axis=1)
    lot = label_noise(log_p, np.random.default_rng(0).integers(0, 4, 400))
    assert lot.share == pytest.approx(0.75, abs=0.06)
    right = label_noise(log_p, np.arange(400) % 4)
    assert (right.share, right.ci_low, right.p_value) == (0, 0, 1)
    assert right.ci_high < 0.01


def test_one_item_and_a_model_without_opinion_leave_everything_open() -> None:
    one = label_noise(np.log([[0.6, 0.4]]), np.array([0]))
    assert (one.share, one.ci_low, one.ci_high) == (0, 0, 0.5)
    none = label_noise(np.log(np.full((50, 4), 0.25)), np.arange(50) % 4)
    assert (none.share, none.ci_low, none.ci_high, none.p_value) == (0, 0, 0.75, 1)


def test_the_probability_of_a_label_follows_the_temperature() -> None:
    logits = np.random.default_rng(0).normal(size=(20, 5))
    labels = np.arange(20) % 5
    log_p = logits - logits.max(axis=1, keepdims=True)
    expected = np.exp(log_softmax(logits / 1.7, axis=1))[np.arange(20), labels]
    np.testing.assert_allclose(probability_of(log_p, labels, 1.7), expected)


def test_the_doubt_of_a_label_is_bayes_rule() -> None:
    logits, labels, wrong = noisy_world(50_000, 5, 0.1, seed=5, sharpness=3)
    p = np.exp(log_softmax(logits, axis=1))[np.arange(len(labels)), labels]
    doubt = probability_wrong(p, 0.1, 5)
    assert doubt.sum() == pytest.approx(wrong.sum(), rel=0.03)
    for low, high in ((0.05, 0.2), (0.2, 0.5), (0.5, 0.9), (0.9, 1)):
        there = (doubt >= low) & (doubt < high)
        assert wrong[there].mean() == pytest.approx(doubt[there].mean(), abs=0.04)

"""Kendall's weighted tau against SciPy, and its interval."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import weightedtau

from finetrust.core.errors import NotApplicable
from finetrust.selection.kendall import resampled, tau_interval, weighted_tau, weighted_taus


@settings(max_examples=100, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 5), st.integers(0, 5)), min_size=2, max_size=12))
def test_is_that_of_scipy_also_with_ties(pairs):
    values, truth = np.array(pairs, dtype=np.float64).T
    if len(set(values)) < 2 or len(set(truth)) < 2:
        with pytest.raises(NotApplicable, match="all alike"):
            weighted_tau(values, truth)
    else:
        expected = weightedtau(values, truth).statistic
        assert weighted_tau(values, truth) == pytest.approx(expected, abs=1e-12)


def test_resamples_are_those_of_scipy_one_by_one():
    rng = np.random.default_rng(0)
    values, truth = rng.standard_normal(9), rng.standard_normal(9)
    rows = resampled(9, seed=1)[:20]
    expected = [weightedtau(values[own], truth[own]).statistic for own in rows]
    np.testing.assert_allclose(weighted_taus(values, truth, rows), expected, atol=1e-12)


def test_what_candidates_came_to_can_be_drawn_anew_in_every_resample():
    rng = np.random.default_rng(1)
    values, truths = rng.standard_normal(9), rng.integers(0, 4, (20, 9))
    rows = resampled(9, seed=2)[:20]
    expected = [
        weightedtau(values[own], truth[own]).statistic
        for own, truth in zip(rows, truths, strict=True)
    ]
    np.testing.assert_allclose(weighted_taus(values, truths, rows), expected, atol=1e-12)


def test_a_mistake_among_the_best_costs_more_than_one_among_the_worst():
    truth = np.arange(8.0)
    best_swapped, worst_swapped = truth.copy(), truth.copy()
    best_swapped[[6, 7]] = 7, 6
    worst_swapped[[0, 1]] = 1, 0
    assert weighted_tau(best_swapped, truth) < weighted_tau(worst_swapped, truth) < 1


def test_the_same_order_is_1_and_the_opposite_is_minus_1():
    truth = np.random.default_rng(0).standard_normal(10)
    assert weighted_tau(np.exp(truth), truth) == pytest.approx(1)
    assert weighted_tau(-truth, truth) == pytest.approx(-1)


def test_the_interval_holds_the_value_and_narrows_with_candidates():
    rng = np.random.default_rng(0)
    truth = rng.standard_normal(80)
    values = truth + rng.standard_normal(80)
    few, many = tau_interval(values[:10], truth[:10]), tau_interval(values, truth)
    for found in (few, many):
        assert found.ci_low < found.value < found.ci_high
    assert many.ci_high - many.ci_low < (few.ci_high - few.ci_low) / 2
    assert (few.n, many.n) == (10, 80)
    assert few == tau_interval(values[:10], truth[:10])


def test_two_candidates_have_an_interval_too():
    found = tau_interval(np.array([1.0, 2.0]), np.array([5.0, 6.0]))
    assert (found.value, found.ci_low, found.ci_high) == (1, 1, 1)


@pytest.mark.parametrize("n", [0, 1])
def test_fewer_than_two_candidates_have_no_order(n):
    with pytest.raises(NotApplicable):
        weighted_tau(np.arange(n), np.arange(n))

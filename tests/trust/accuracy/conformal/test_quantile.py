"""The threshold of split conformal prediction and the law of the coverage that it gives."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from finetrust.trust.accuracy.conformal.quantile import (
    coverage_interval,
    highest_coverage,
    items_for,
    rank_for,
    threshold,
)


@given(st.integers(1, 200), st.integers(50, 99))
def test_the_rank_is_the_smallest_that_is_enough(n: int, percent: int) -> None:
    k = rank_for(n, percent / 100)
    assert 100 * k >= (n + 1) * percent
    assert 100 * (k - 1) < (n + 1) * percent
    assert (k <= n) == (n >= items_for(percent / 100))
    assert (k <= n) == (percent / 100 <= highest_coverage(n) + 1e-12)


def test_known_thresholds() -> None:
    scores = np.array([3.0, 1, 2, 9, 8, 7, 6, 5, 4])
    assert threshold(scores, 0.9) == 9
    assert threshold(scores, 0.5) == 5
    assert threshold(scores, 0.91) == np.inf
    assert threshold(np.array([1.0]), 0.5) == 1
    assert threshold(np.array([]), 0.5) == np.inf


@given(st.integers(19, 400), st.sampled_from([0.8, 0.9, 0.95]), st.integers(1, 300))
def test_the_interval_is_that_of_the_beta_binomial(n: int, coverage: float, n_test: int) -> None:
    k = rank_for(n, coverage)
    law = stats.betabinom(n_test, k, n + 1 - k)
    low, high = coverage_interval(n, coverage, n_test)
    assert (low, high) == (law.ppf(0.025) / n_test, law.ppf(0.975) / n_test)


def test_with_many_test_items_it_is_that_of_the_beta() -> None:
    low, high = coverage_interval(1000, 0.9, 1_000_000)
    expected = stats.beta(901, 100).ppf([0.025, 0.975])
    assert (low, high) == pytest.approx(tuple(expected), abs=2e-4)


def test_the_coverage_of_1000_draws_follows_its_law() -> None:
    """The coverage of fresh validation and test scores, against its mean and its 95 % interval."""
    rng = np.random.default_rng(0)
    n, n_test = 200, 400
    covered = []
    for _ in range(1000):
        limit = threshold(rng.exponential(size=n), 0.9)
        covered.append((rng.exponential(size=n_test) <= limit).mean())
    low, high = coverage_interval(n, 0.9, n_test)
    assert np.mean(covered) == pytest.approx(rank_for(n, 0.9) / (n + 1), abs=0.003)
    within = np.mean([low <= c <= high for c in covered])
    assert 0.95 - 2.5 * np.sqrt(0.95 * 0.05 / 1000) <= within <= 0.975

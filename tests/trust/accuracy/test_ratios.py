"""Ratios of counts and their intervals."""

import numpy as np
import pytest

from finetrust.trust.accuracy.intervals import wilson
from finetrust.trust.accuracy.ratios import f1_gain, mean_f1, ratio


def counts(seed: int, n: int = 50) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    hits = rng.integers(0, 3, n).astype(float)
    return hits, 2 * hits + rng.integers(0, 4, n)


def test_a_ratio_is_of_sums_not_a_mean_of_ratios() -> None:
    value, low, high = ratio(np.array([1.0, 0.0]), np.array([1.0, 3.0]), seed=0)
    assert value == 0.25
    assert low <= value <= high


def test_f1_counts_hits_twice() -> None:
    hits, uses = counts(0)
    value, low, high = ratio(hits, uses, seed=0, weight=2.0)
    assert value == pytest.approx(2 * hits.sum() / uses.sum())
    assert 0 < low < value < high < 1


def test_where_all_resamples_agree_the_interval_is_that_of_a_share() -> None:
    expected = tuple(float(bound) for bound in wilson(6, 6))
    assert ratio(np.full(3, 2.0), np.full(3, 4.0), 0, 2.0)[1:] == expected
    assert mean_f1(np.full((3, 1), 2.0), np.full((3, 1), 4.0), 0)[1:] == expected


def test_the_mean_of_f1_leaves_out_what_is_not_used() -> None:
    hits, uses = counts(1)
    alone = ratio(hits, uses, 0, 2.0)
    with_unused = mean_f1(np.stack([hits, 0 * hits], 1), np.stack([uses, 0 * uses], 1), 0)
    assert with_unused == pytest.approx(alone)
    two = mean_f1(np.stack([hits, hits], 1), np.stack([uses, 2 * uses], 1), 0)
    assert two[0] == pytest.approx(0.75 * alone[0])


def test_a_gain_over_itself_is_zero_and_turned_round_it_is_the_opposite() -> None:
    ours, theirs = counts(2), counts(3)
    assert f1_gain(ours, ours, 0)[0] == 0
    value, low, high = f1_gain(ours, theirs, 0)
    other, other_low, other_high = f1_gain(theirs, ours, 0)
    assert (value, low, high) == pytest.approx((-other, -other_high, -other_low), abs=0.01)

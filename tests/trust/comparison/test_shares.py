"""Two shares of the same items, compared item by item."""

from math import comb

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from finetrust.trust.comparison.shares import mcnemar, share_difference


def exact_p(gained: int, lost: int) -> float:
    """Return the two-sided sum of all outcomes of fair coins that are no more likely (plain loop)."""
    n = gained + lost
    chance = [comb(n, k) * 0.5**n for k in range(n + 1)]
    return sum(c for c in chance if c <= chance[gained] * (1 + 1e-9))


@pytest.mark.parametrize(("gained", "lost"), [(0, 0), (1, 0), (0, 5), (3, 9), (10, 10), (25, 7)])
def test_mcnemar_is_the_exact_test_of_a_fair_coin(gained: int, lost: int) -> None:
    assert mcnemar(gained, lost) == pytest.approx(exact_p(gained, lost))


@given(st.integers(0, 40), st.integers(0, 40))
def test_exchanging_the_models_turns_the_interval_around(gained: int, lost: int) -> None:
    reference = np.array([True] * lost + [False] * gained + [True] * 5)
    other = np.array([False] * lost + [True] * gained + [True] * 5)
    one, two = share_difference(reference, other), share_difference(other, reference)
    assert one.p_value == two.p_value
    assert (one.ci_low, one.ci_high) == pytest.approx((-two.ci_high, -two.ci_low))
    assert one.ci_low <= (gained - lost) / len(other) <= one.ci_high
    assert one.paired


def test_items_on_which_both_agree_do_not_change_the_p_value() -> None:
    rng = np.random.default_rng(0)
    reference, other = rng.random(50) < 0.7, rng.random(50) < 0.8
    more = np.ones(200, bool)
    padded = share_difference(np.append(reference, more), np.append(other, more))
    assert padded.p_value == share_difference(reference, other).p_value


def test_the_interval_covers_the_true_difference_and_the_test_errs_at_most_as_often_as_it_says():
    rng = np.random.default_rng(1)
    covered = wrong = 0
    for _ in range(1000):
        both, only_one = rng.random(150) < 0.7, rng.random(150)
        reference, other = both | (only_one < 0.2), both | (only_one > 0.7)
        found = share_difference(reference, other)
        covered += found.ci_low <= 0.3 * 0.1 <= found.ci_high
        equal = share_difference(reference, both | (only_one > 0.8))
        wrong += equal.p_value <= 0.05
    assert 0.93 <= covered / 1000 <= 0.985
    assert wrong / 1000 <= 0.06

"""Rounds grow, hold each other, and drop only what is clearly worse; budgets are read as they are written."""

from itertools import pairwise

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from finetrust.core.pareto import pareto_front
from finetrust.selection.budget import Budget
from finetrust.selection.halving import Standing, hopeless, rung_rows, rung_sizes


@given(st.integers(1, 10**6), st.integers(2, 1000), st.integers(1, 50))
def test_the_last_round_takes_all_items_and_rounds_grow(n: int, classes: int, models: int) -> None:
    sizes = rung_sizes(n, classes, models)
    assert sizes[-1] == n
    assert all(b >= 2 * a for a, b in pairwise(sizes))
    if models < 3:
        assert sizes == [n]


def test_many_items_are_raced_over_and_few_are_not() -> None:
    assert rung_sizes(50_000, 10, 8) == [500, 2000, 8000, 50_000]
    assert rung_sizes(999, 10, 8) == [999]
    assert rung_sizes(50_000, 1000, 8) == [10_000, 50_000]


@given(st.lists(st.integers(0, 4), min_size=5, max_size=200), st.integers(0, 9))
def test_a_larger_round_holds_the_smaller_one_and_every_stratum(strata: list, seed: int) -> None:
    labels = np.array(strata)
    small, large = (rung_rows(labels, size, seed) for size in (5, 50))
    assert set(small) <= set(large)
    assert set(labels[small]) == set(labels)
    assert (np.diff(small) > 0).all()
    assert len(rung_rows(labels, len(labels), seed)) == len(labels)


def test_a_round_keeps_the_shares_of_the_strata() -> None:
    labels = np.repeat([0, 1, 2], [600, 300, 100])
    assert np.bincount(labels[rung_rows(labels, 100, 0)]).tolist() == [60, 30, 10]


def _standing(accuracy: float, half: float) -> Standing:
    return Standing(accuracy, accuracy, accuracy - half, accuracy + half)


def test_what_is_clearly_worse_is_dropped_and_what_may_be_as_good_is_not() -> None:
    found = {"a": 0.9, "b": 0.89, "c": 0.88, "d": 0.5}
    assert hopeless({k: _standing(v, 0.05) for k, v in found.items()}) == {"d": "a"}


def test_the_better_half_and_two_at_least_go_on() -> None:
    values = [0.9, 0.5, 0.4, 0.3, 0.2]
    standings = {str(i): _standing(v, 0.01) for i, v in enumerate(values)}
    assert hopeless(standings) == {"3": "0", "4": "0"}
    assert hopeless({k: standings[k] for k in "01"}) == {}


def test_a_budget_ends_and_none_never_does() -> None:
    assert Budget(None).left == float("inf")
    assert Budget(0.0).left == 0
    assert 99 < Budget(100).left <= 100


@given(
    st.lists(
        st.lists(st.sampled_from([0.0, 1.0, 2.0, np.nan]), min_size=3, max_size=3),
        min_size=1,
        max_size=8,
    ),
    st.sampled_from([0.0, 0.6]),
)
def test_the_front_is_what_nobody_dominates(rows: list, half: float) -> None:
    def dominates(one: list, other: list) -> bool:
        better = any(a - half > b + half for a, b in zip(one, other, strict=True))
        worse = any(b - half > a + half for a, b in zip(one, other, strict=True))
        return better and not worse

    expected = [not any(dominates(other, row) for other in rows) for row in rows]
    values = np.array(rows)
    assert pareto_front(values - half, values + half).tolist() == expected

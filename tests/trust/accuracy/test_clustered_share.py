"""The interval of a share of decisions that come in clusters."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from finetrust.trust.accuracy.clustered_share import clustered_share
from finetrust.trust.accuracy.intervals import wilson


@given(st.lists(st.booleans(), min_size=1, max_size=60))
def test_of_single_decisions_it_is_the_wilson_interval(right: list[bool]) -> None:
    expected = wilson(sum(right), len(right))
    found = clustered_share(np.array(right, float), np.ones(len(right)))
    assert found == pytest.approx([float(bound) for bound in expected], abs=1e-9)


@given(st.integers(1, 50), st.integers(1, 1000))
def test_clusters_that_are_right_as_a_whole_count_as_one_each(n: int, size: int) -> None:
    low, high = clustered_share(np.full(n, float(size)), np.full(n, float(size)))
    assert (low, high) == (pytest.approx(float(wilson(n, n)[0])), 1.0)


@given(st.lists(st.tuples(st.integers(0, 9), st.integers(0, 9)), min_size=1, max_size=30))
def test_it_holds_the_share_and_ignores_empty_clusters(counts: list[tuple[int, int]]) -> None:
    decisions = np.array([max(pair) for pair in counts], float)
    right = np.array([min(pair) for pair in counts], float)
    if not decisions.any():
        decisions[0] = 1
    low, high = clustered_share(right, decisions)
    assert 0 <= low <= right.sum() / decisions.sum() <= high <= 1
    more = clustered_share(np.append(right, [0, 0]), np.append(decisions, [0, 0]))
    assert more == pytest.approx((low, high))


@pytest.mark.parametrize("spread", [0.0, 1.0])
def test_it_covers_the_share_at_its_rate_where_errors_are_rare(spread: float) -> None:
    """Forty images of 30 decisions each; how hard an image is differs by `spread`."""
    rng, worlds, covered = np.random.default_rng(0), 300, 0
    truth = (1 / (1 + np.exp(-4 - spread * np.linspace(-2, 2, 10_001)))).mean()
    for _ in range(worlds):
        share = 1 / (1 + np.exp(-4 - spread * rng.uniform(-2, 2, 40)))
        low, high = clustered_share(rng.binomial(30, share).astype(float), np.full(40, 30.0))
        covered += low <= truth <= high
    assert covered / worlds > 0.93

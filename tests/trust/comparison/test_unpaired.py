"""Two figures of different items, compared by their own intervals."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from finetrust.trust.accuracy.intervals import wilson
from finetrust.trust.comparison.unpaired import mover_difference

FIGURES = st.tuples(st.floats(0, 1), st.floats(0, 1), st.floats(0, 1)).map(sorted)


def share(hits: int, n: int) -> tuple[float, float, float]:
    low, high = wilson(hits, n)
    return hits / n, float(low), float(high)


@pytest.mark.parametrize(
    ("one", "other", "interval"),
    [((56, 70), (48, 80), (0.0524, 0.3339)), ((9, 10), (3, 10), (0.1705, 0.8090))],
)
def test_of_two_shares_it_is_the_hybrid_score_interval(one, other, interval) -> None:
    """Newcombe 1998, Statistics in Medicine 17, table II, method 10."""
    found = mover_difference(share(*other), share(*one))
    assert (found.ci_low, found.ci_high) == pytest.approx(interval, abs=6e-5)
    assert not found.paired


def test_of_symmetric_intervals_it_is_the_sum_of_their_variances() -> None:
    found = mover_difference((1.0, 0.7, 1.3), (2.0, 1.6, 2.4))
    assert (found.ci_low, found.ci_high) == pytest.approx((0.5, 1.5))


@given(FIGURES, FIGURES)
def test_the_p_value_and_the_interval_say_the_same(one, other) -> None:
    (a_low, a, a_high), (b_low, b, b_high) = one, other
    found = mover_difference((a, a_low, a_high), (b, b_low, b_high))
    back = mover_difference((b, b_low, b_high), (a, a_low, a_high))
    assert (found.ci_low, found.ci_high) == (-back.ci_high, -back.ci_low)
    assert found.p_value == back.p_value
    assert found.ci_low <= b - a <= found.ci_high
    if min(abs(found.ci_low), abs(found.ci_high)) > 1e-9:
        assert (found.p_value < 0.05) == (found.ci_low > 0 or found.ci_high < 0)


def test_it_covers_the_true_difference_of_two_accuracies() -> None:
    rng = np.random.default_rng(0)
    hits = rng.binomial(60, [0.9, 0.95], size=(2000, 2))
    found = [mover_difference(share(a, 60), share(b, 60)) for a, b in hits.tolist()]
    assert np.mean([f.ci_low <= 0.05 <= f.ci_high for f in found]) >= 0.94

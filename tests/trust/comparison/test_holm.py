"""p-values corrected for the number of tests."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from finetrust.trust.comparison.holm import holm, shared_out

P_VALUES = hnp.arrays(np.float64, st.integers(1, 8), elements=st.floats(0, 1))


def rejected(p_values: np.ndarray, weights: np.ndarray, alpha: float) -> set[int]:
    """Return what Holm's steps reject, as he writes them down."""
    left, found = set(range(len(p_values))), set()
    while left:
        first = min(left, key=lambda i: p_values[i] / weights[i])
        if p_values[first] > alpha * weights[first] / sum(weights[i] for i in left):
            break
        left.remove(first)
        found.add(first)
    return found


@given(P_VALUES, st.data())
def test_it_rejects_what_the_steps_of_the_paper_reject(p_values, data) -> None:
    weights = data.draw(hnp.arrays(np.float64, len(p_values), elements=st.floats(0.1, 5)))
    adjusted = holm(p_values, weights)
    assert (adjusted >= p_values).all()
    assert (adjusted <= 1).all()
    for alpha in (0.01, 0.05, 0.3):
        if np.abs(adjusted - alpha).min() > 1e-9:
            assert set(np.flatnonzero(adjusted <= alpha)) == rejected(p_values, weights, alpha)


def test_a_known_example() -> None:
    assert holm(np.array([0.01, 0.04, 0.03, 0.005])) == pytest.approx([0.03, 0.06, 0.06, 0.02])


def test_no_tests_and_one_test() -> None:
    assert len(holm(np.array([]))) == 0
    assert holm(np.array([0.04])) == pytest.approx([0.04])


def test_hundreds_of_parts_do_not_drown_the_main_measures() -> None:
    main = np.arange(304) < 4
    p_values = np.where(np.arange(304) == 0, 0.004, 0.5)
    assert holm(p_values)[0] == 1
    assert holm(p_values, shared_out(main))[0] == pytest.approx(0.004 * 8)


def test_with_no_difference_anywhere_a_finding_is_made_one_time_in_twenty() -> None:
    p_values = np.random.default_rng(0).random((2000, 30))
    weights = shared_out(np.arange(30) < 5)
    found = np.mean([holm(row, weights).min() <= 0.05 for row in p_values])
    assert 0.035 <= found <= 0.06

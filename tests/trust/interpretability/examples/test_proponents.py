import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from finetrust.trust.interpretability.examples.proponents import proponents


def test_the_strongest_come_first_and_none_is_on_the_wrong_side():
    for_it, against_it = proponents(np.array([[0.1, -0.3, 0.0, 0.5], [0, 0, 0, -1.0]]), 3)
    assert for_it.tolist() == [[3, 0, -1], [-1, -1, -1]]
    assert against_it.tolist() == [[1, -1, -1], [3, -1, -1]]


def test_fewer_items_than_asked_for():
    assert proponents(np.array([[1.0]]), 3)[0].tolist() == [[0, -1, -1]]


@given(st.lists(st.integers(-3, 3), min_size=1, max_size=12), st.integers(1, 12))
def test_what_is_left_out_is_no_stronger(values, count):
    influence = np.array([values], float)
    for sign, (found,) in zip((1, -1), proponents(influence, count), strict=True):
        chosen = found[found >= 0]
        strengths = sign * influence[0]
        assert len(chosen) == min(count, int((strengths > 0).sum()))
        others = np.delete(strengths, chosen)
        assert (np.diff(strengths[chosen]) <= 0).all()
        assert (
            not len(chosen)
            or not len(others)
            or strengths[chosen].min() >= others.max()
            or (others.max() <= 0)
        )

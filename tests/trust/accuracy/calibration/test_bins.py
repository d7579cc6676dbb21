"""Bins of equal width and of equal mass."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from finetrust.trust.accuracy.calibration.bins import BINS, edges, equal_mass, equal_width

SHARES = st.lists(st.floats(0, 1), min_size=1, max_size=50).map(np.array)


def test_an_edge_belongs_to_the_bin_below_it() -> None:
    assert equal_width(edges()).tolist() == [0, *range(15)]


@given(SHARES)
def test_every_probability_lies_within_the_edges_of_its_bin(p: np.ndarray) -> None:
    bins = equal_width(p)
    assert (p <= edges()[bins + 1]).all()
    assert ((p > edges()[bins]) | (bins == 0)).all()


def test_bins_of_equal_mass_hold_equally_many() -> None:
    p = np.random.default_rng(0).random(150)
    assert np.bincount(equal_mass(p)).tolist() == [10] * BINS
    assert np.ptp(np.bincount(equal_mass(p[:100]), minlength=BINS)) <= 1


@given(SHARES, st.integers(0, 100))
def test_bins_of_equal_mass_follow_order_and_keep_ties_together(p: np.ndarray, seed: int) -> None:
    bins = equal_mass(p)
    assert 0 <= bins.min() <= bins.max() < BINS
    assert (np.diff(bins[np.argsort(p, kind="stable")]) >= 0).all()
    assert all(len(set(bins[p == value])) == 1 for value in p)
    order = np.random.default_rng(seed).permutation(len(p))
    np.testing.assert_array_equal(equal_mass(p[order]), bins[order])

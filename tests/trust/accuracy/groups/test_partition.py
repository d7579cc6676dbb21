"""Which slices of the items are worse than the rest."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from scipy.stats import fisher_exact

from finetrust.trust.accuracy.groups.partition import Partition, Tally


@st.composite
def divided(draw: st.DrawFn) -> tuple[Partition, np.ndarray]:
    n = draw(st.integers(1, 60))
    of_item = draw(hnp.arrays(np.int64, n, elements=st.integers(-1, 3)))
    right = draw(hnp.arrays(np.bool_, n))
    return Partition("property", ("a", "b", "c"), of_item), right


@given(divided())
def test_slices_are_counted_as_in_plain_loops(world: tuple) -> None:
    partition, right = world
    tally = partition.tally(right)
    known = partition.of_item >= 0
    for j in range(3):
        inside = partition.of_item == j
        assert (tally.n[j], tally.hits[j]) == (inside.sum(), right[inside].sum())
        assert (tally.all_n[j], tally.all_hits[j]) == (known.sum(), right[known].sum())


@given(divided())
def test_p_values_are_those_of_fishers_exact_test(world: tuple) -> None:
    partition, right = world
    tally = partition.tally(right)
    known = partition.of_item >= 0
    for j, p in enumerate(tally.p_values()):
        inside = (partition.of_item == j)[known]
        table = [
            [right[known][inside].sum(), (~right[known][inside]).sum()],
            [right[known][~inside].sum(), (~right[known][~inside]).sum()],
        ]
        assert p == pytest.approx(fisher_exact(table, alternative="less").pvalue)


def test_the_odds_of_errors_are_compared_with_those_of_the_rest() -> None:
    tally = Tally(*(np.array([x]) for x in (60, 100, 960, 1100)))
    assert tally.odds_ratio()[0] == pytest.approx((40.5 / 60.5) / (100.5 / 900.5))
    assert tally.rest_share()[0] == pytest.approx(0.9)


def test_a_slice_of_all_items_is_not_worse_than_itself() -> None:
    tally = Partition("property", ("all",), np.zeros(9, int)).tally(np.arange(9) < 4)
    assert tally.p_values()[0] == 1
    assert tally.rest_share()[0] == pytest.approx(4 / 9)

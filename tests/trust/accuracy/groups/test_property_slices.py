"""Slices by what was measured of each input."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from finetrust.trust.accuracy.groups.property_slices import by_property

VALUES = hnp.arrays(
    np.float64,
    st.integers(1, 60),
    elements=st.floats(-1e6, 1e6) | st.integers(0, 3).map(float) | st.just(np.nan),
)


def test_fifths_have_names_in_plain_words() -> None:
    partition = by_property("brightness", np.arange(100.0)[::-1])
    assert partition is not None
    assert partition.names == (
        "brightness: darkest fifth",
        "brightness: second darkest fifth",
        "brightness: middle fifth",
        "brightness: second brightest fifth",
        "brightness: brightest fifth",
    )
    assert np.bincount(partition.of_item).tolist() == [20] * 5
    assert partition.of_item[99] == 0


def test_a_property_without_words_of_its_own_has_lowest_and_highest_values() -> None:
    partition = by_property("file_size", np.arange(50.0))
    assert partition is not None
    assert partition.names[0] == "file size: lowest fifth"
    assert partition.names[4] == "file size: highest fifth"


def test_many_equal_values_are_named_by_their_range() -> None:
    partition = by_property("words", np.repeat([3.0, 4, 9], [50, 30, 20]))
    assert partition is not None
    assert partition.names == ("words: 3", "words: 4", "words: 9")


def test_close_ranges_get_as_many_digits_as_keep_them_apart() -> None:
    partition = by_property("size", np.repeat([1000.1, 1000.2], 20))
    assert partition is not None
    assert partition.names == ("size: 1000.1", "size: 1000.2")


@pytest.mark.parametrize("values", [[np.nan, np.nan], [2.0, 2.0, np.nan], [], [np.inf]])
def test_what_is_the_same_for_all_divides_nothing(values: list[float]) -> None:
    assert by_property("size", np.array(values)) is None


@given(VALUES)
def test_equal_values_stay_together_in_order(values: np.ndarray) -> None:
    partition = by_property("size", values)
    if partition is None:
        return
    assert len(set(partition.names)) == len(partition.names) <= 5
    assert ((partition.of_item == -1) == np.isnan(values)).all()
    known = values[partition.of_item >= 0]
    part = partition.of_item[partition.of_item >= 0]
    assert set(part.tolist()) == set(range(len(partition.names)))
    for lower in range(len(partition.names) - 1):
        assert known[part == lower].max() < known[part == lower + 1].min()

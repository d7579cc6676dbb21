"""The groups of the evaluation data."""

from collections.abc import Mapping

import numpy as np

from finetrust.core.evidence import Evidence
from finetrust.trust.accuracy.groups.columns import Column, columns_of

from ...worlds import evidence_of


def evidence_with(groups: Mapping[str, np.ndarray]) -> Evidence:
    n = len(next(iter(groups.values())))
    return evidence_of(np.zeros((n, 2)), np.zeros(n), groups=groups)


def column_of(values: object) -> Column:
    (column,) = columns_of(evidence_with({"site": np.asarray(values)}))
    return column


def test_every_value_of_every_column_is_a_group() -> None:
    groups = {"sex": np.array(["f", "m", "f"]), "age": np.array(["old", "young", "old"])}
    found = {
        group.subset: group.rows.tolist()
        for column in columns_of(evidence_with(groups))
        for group in column.groups
    }
    assert found == {"sex=f": [0, 2], "sex=m": [1], "age=old": [0, 2], "age=young": [1]}


def test_a_group_with_ten_items_is_large() -> None:
    column = column_of(["a"] * 10 + ["b"] * 9)
    assert [group.large for group in column.groups] == [True, False]
    assert column.left_out == 0


def test_of_many_values_the_small_ones_are_left_out() -> None:
    column = column_of(["big"] * 10 + [str(i) for i in range(60)])
    assert [group.value for group in column.groups] == ["big"]
    assert column.left_out == 60


def test_without_items_there_are_no_groups() -> None:
    column = column_of(np.array([], dtype=str))
    assert (column.groups, column.left_out) == ((), 0)

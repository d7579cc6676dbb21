"""The groups of the evaluation data: every value of every subgroup column with enough items."""

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from finetrust.core.evidence import Evidence
from finetrust.core.once import once

LEAST_ITEMS = 10
"""Groups with fewer items are told the share of right answers, and are not compared."""
MOST_GROUPS = 50
"""Of a column with more values, such as one of identifiers, small groups are left out altogether."""


@dataclass(frozen=True, eq=False)
class Group:
    """One value of a subgroup column.

    Parameters
    ----------
    column, value : str
    rows : int array
        Its items, in ascending order.
    """

    column: str
    value: str
    rows: np.ndarray

    @property
    def subset(self) -> str:
        """How a measure of the group is marked: ``site=north``."""
        return f"{self.column}={self.value}"

    @property
    def large(self) -> bool:
        """Whether it has enough items to be compared with others."""
        return len(self.rows) >= LEAST_ITEMS


@dataclass(frozen=True, eq=False)
class Column:
    """A subgroup column, and how many of its values are left out for having too few items."""

    name: str
    groups: tuple[Group, ...]
    left_out: int


@once
def columns_of(evidence: Evidence) -> tuple[Column, ...]:
    """Return the subgroup columns with their groups, in the order of their values."""
    return tuple(_column(name, values) for name, values in evidence.groups.items())


def large_groups(columns: Iterable[Column]) -> list[Group]:
    """Return the groups that have enough items."""
    return [group for column in columns for group in column.groups if group.large]


def _column(name: str, values: np.ndarray) -> Column:
    found, of_item, sizes = np.unique(values, return_inverse=True, return_counts=True)
    order, ends = np.argsort(of_item, kind="stable"), np.cumsum(sizes)
    least = LEAST_ITEMS if len(found) > MOST_GROUPS else 1
    groups = [
        Group(name, str(value), order[end - size : end])
        for value, size, end in zip(found, sizes, ends, strict=True)
        if size >= least
    ]
    return Column(name, tuple(groups), len(found) - len(groups))

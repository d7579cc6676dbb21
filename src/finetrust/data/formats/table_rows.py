"""What the rows of a table are: one file per kind of row, found by the columns."""

from pathlib import Path
from typing import Protocol

import numpy as np

from finetrust.core.registry import Registry
from finetrust.data.dataset import Dataset
from finetrust.data.formats.tables import Table
from finetrust.data.source import DataOptions, Heeding

TABLE = frozenset({"label_column", "split_column", "group_columns"})
"""The options that rows of every kind heed."""


class Rows(Heeding, Protocol):
    """One kind of row. ``rank`` orders the kinds where the columns of several are there."""

    rank: int

    tasks: tuple[str, ...]
    """The tasks that such rows are for; empty where they may be for any."""

    unit: str
    """What a row stands for, for example ``"image"``."""

    def column(self, options: DataOptions) -> str:
        """Return the column that tells these rows from others."""
        ...

    def columns(self, options: DataOptions) -> list[str]:
        """Return all columns that they need, those of split and groups left out."""
        ...

    def dataset(self, name: str, file: Path, table: Table, options: DataOptions) -> Dataset:
        """Return the rows of a table as a data set; at least one."""
        ...


rows: Registry[Rows] = Registry("kind of table row", "finetrust.data")


def classes_of(labels: list[str]) -> tuple[np.ndarray, tuple[str, ...]]:
    """Return labels as indices (n,) int64 into their sorted names, and those."""
    classes = sorted(set(labels))
    index = {label: i for i, label in enumerate(classes)}
    return np.array([index[label] for label in labels], dtype=np.int64), tuple(classes)


def groups_of(table: Table, options: DataOptions) -> dict[str, np.ndarray]:
    """Return the subgroup columns that the user named."""
    return {column: np.array(table.text(column)) for column in options.group_columns}

"""Several labels an item, as multi-hot rows."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from finetrust.core.errors import UserError
from finetrust.data.formats.tables import Table


def are_sets(values: Sequence[Any], separator: str | None) -> bool:
    """Return whether cells hold any number of labels: lists, or text with a separator."""
    return separator is not None or any(isinstance(value, (list, tuple)) for value in values)


def sets_of(table: Table, column: str, separator: str | None) -> list[list[str]]:
    """Return the labels in the cells of a column; a cell may hold none.

    Raises
    ------
    UserError
        If a cell holds something else than a list where others hold lists.
    """
    values = table.columns[column]
    if separator is not None and not any(isinstance(value, (list, tuple)) for value in values):
        return [_named(cell.split(separator)) for cell in table.text(column)]
    for row, value in zip(table.rows, values, strict=True):
        if not isinstance(value, (list, tuple, type(None))):
            raise UserError(
                f"{table.name}, row {row}: column '{column}' holds '{value}' where other rows hold "
                "a list of labels",
                f'Write it as a list: ["{value}"].',
            )
    return [_named(map(str, value or ())) for value in values]


def multi_hot(sets: Sequence[Sequence[str]], classes: Sequence[str]) -> np.ndarray:
    """Return 1 where an item has a label and 0 elsewhere: float32 array (n, classes)."""
    index = {name: i for i, name in enumerate(classes)}
    rows = np.zeros((len(sets), len(classes)), np.float32)
    for row, labels in zip(rows, sets, strict=True):
        row[[index[label] for label in labels]] = 1
    return rows


def _named(labels: Any) -> list[str]:
    return list(dict.fromkeys(filter(None, (label.strip() for label in labels))))

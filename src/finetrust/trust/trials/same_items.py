"""Tables of the same items in the same order."""

from collections.abc import Sequence
from functools import reduce

import numpy as np

from finetrust.core.errors import NotApplicable
from finetrust.core.predictions import Predictions


def same_items(
    tables: Sequence[Predictions], absent: str = "no item is in all of the tables"
) -> list[Predictions]:
    """Return the rows of all tables whose items they have in common, in the order of their ids.

    Raises
    ------
    NotApplicable
        If there is no such item, for the reason `absent`.
    """
    ids = reduce(np.intersect1d, [table.ids for table in tables])
    if not len(ids):
        raise NotApplicable(absent)
    return [_rows(table, ids) for table in tables]


def _rows(table: Predictions, ids: np.ndarray) -> Predictions:
    order = np.argsort(table.ids)
    return table.take(order[np.searchsorted(table.ids, ids, sorter=order)])

"""Columns of a table that are filled batch by batch, an item without a figure having NaN."""

import numpy as np

Columns = dict[str, np.ndarray]


def fill(columns: Columns, places: np.ndarray, batch: Columns, n: int) -> None:
    """Put the figures of a batch at its places in `columns` of n items; a new column is begun with NaN."""
    for name, values in batch.items():
        columns.setdefault(name, np.full(n, np.nan))[places] = values

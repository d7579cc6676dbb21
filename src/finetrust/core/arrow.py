"""Arrow columns made of buffers.

``pyarrow.array`` imports pandas wherever it is installed, which takes half a second for nothing.
"""

from collections.abc import Iterable

import numpy as np
import pyarrow as pa


def column_of(values: np.ndarray) -> pa.Array:
    """Return strings, numbers, or one array of numbers an item (dtype object) as an Arrow column."""
    if values.dtype == object:
        return ragged_column(values)
    return text_column(values) if values.dtype.kind == "U" else number_column(values)


def text_column(values: Iterable[str]) -> pa.Array:
    """Return strings as an Arrow column."""
    encoded = [str(value).encode() for value in values]
    offsets = np.zeros(len(encoded) + 1, np.int32)
    np.cumsum([len(word) for word in encoded], out=offsets[1:])
    return pa.StringArray.from_buffers(
        len(encoded), pa.py_buffer(offsets), pa.py_buffer(b"".join(encoded))
    )


def number_column(values: np.ndarray) -> pa.Array:
    """Return numbers (n,) or (n, k) as an Arrow column, the latter as lists of fixed size."""
    flat = np.ascontiguousarray(values).reshape(-1)
    if flat.dtype == bool:
        flat = flat.astype(np.uint8)
    column = pa.Array.from_buffers(
        pa.from_numpy_dtype(flat.dtype), len(flat), [None, pa.py_buffer(flat)]
    )
    return (
        column if values.ndim == 1 else pa.FixedSizeListArray.from_arrays(column, values.shape[1])
    )


def ragged_column(rows: np.ndarray) -> pa.Array:
    """Return one array of numbers an item, (m,) or (m, k) with any m, as an Arrow column of lists."""
    offsets = np.zeros(len(rows) + 1, np.int32)
    np.cumsum([len(row) for row in rows], out=offsets[1:])
    values = np.concatenate(list(rows)) if len(rows) else np.zeros(0)
    return pa.ListArray.from_arrays(number_column(offsets), number_column(values))


def bytes_column(values: np.ndarray) -> pa.Array:
    """Return uint8 rows (n, k) as an Arrow column of k bytes each."""
    rows = np.ascontiguousarray(values, np.uint8)
    kind = pa.binary(rows.shape[1])
    return pa.Array.from_buffers(kind, len(rows), [None, pa.py_buffer(rows.reshape(-1))])

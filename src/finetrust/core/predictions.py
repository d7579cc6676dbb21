"""Predictions: what a model said about each item, as a table that is kept on disk (Parquet)."""

import itertools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from finetrust.core.atomic import replacing
from finetrust.core.errors import UserError


@dataclass(frozen=True)
class Predictions:
    """One row an item; every array has the items as its first axis.

    Parameters
    ----------
    ids : array of str (n,)
    columns : mapping of str to array (n,), (n, k) or (n,) of dtype object
        What the task yields, e.g. ``target`` (n,) and ``logits`` (n, classes): numbers, or strings
        (n,). A column of dtype object holds one array of numbers an item, (m,) or (m, k) with any m.
    split : str
        ``"train"``, ``"val"`` or ``"test"``.
    perturbation : str
        ``"clean"``, or the name of what was done to the inputs, e.g. ``"gaussian_noise-3"``.
    """

    ids: np.ndarray
    columns: Mapping[str, np.ndarray]
    split: str = "test"
    perturbation: str = "clean"

    def __len__(self) -> int:
        return len(self.ids)

    def __contains__(self, column: str) -> bool:
        return column in self.columns

    def __getitem__(self, column: str) -> np.ndarray:
        return self.columns[column]

    def take(self, rows: np.ndarray) -> "Predictions":
        """Return the items at `rows`, in that order."""
        columns = {name: values[rows] for name, values in self.columns.items()}
        return replace(self, ids=self.ids[rows], columns=columns)

    def without(self, column: str) -> "Predictions":
        """Return the table without a column, which need not be there."""
        return replace(self, columns={k: v for k, v in self.columns.items() if k != column})

    def with_groups(self, groups: Mapping[str, np.ndarray]) -> "Predictions":
        """Return the table with subgroups as columns ``group:NAME`` of str (n,)."""
        added = {f"group:{name}": values for name, values in groups.items()}
        return replace(self, columns={**self.columns, **added})

    @classmethod
    def joined(cls, parts: Sequence["Predictions"]) -> "Predictions":
        """Return tables with the same columns as one."""
        columns = {
            name: np.concatenate([part[name] for part in parts]) for name in parts[0].columns
        }
        return replace(parts[0], ids=np.concatenate([part.ids for part in parts]), columns=columns)

    def save(self, path: Path) -> None:
        """Write the table to a Parquet file, whole or not at all."""
        import pyarrow as pa
        import pyarrow.parquet as pq

        from finetrust.core.arrow import column_of, text_column

        columns = {name: column_of(values) for name, values in self.columns.items()}
        table = pa.Table.from_pydict({"id": text_column(self.ids), **columns})
        table = table.replace_schema_metadata(
            {"split": self.split, "perturbation": self.perturbation}
        )
        with replacing(path) as temporary:
            pq.write_table(table, temporary)

    @classmethod
    def load(cls, path: Path) -> "Predictions":
        """Read a table that :meth:`save` wrote.

        Raises
        ------
        UserError
            If the file is missing or no table of predictions.
        """
        import pyarrow as pa
        import pyarrow.parquet as pq

        try:
            table = pq.read_table(path)
            ids = np.asarray(table["id"].to_pylist(), dtype=str)
        except (OSError, pa.ArrowInvalid, KeyError) as error:
            raise UserError(
                f"{path}: not a table of predictions ({error})", "Run finetrust evaluate again."
            ) from error
        meta: dict[str, Any] = {
            k.decode(): v.decode() for k, v in (table.schema.metadata or {}).items()
        }
        columns = {name: _array(table[name]) for name in table.column_names if name != "id"}
        return cls(ids, columns, meta.get("split", "test"), meta.get("perturbation", "clean"))


def ragged(rows: Sequence[np.ndarray]) -> np.ndarray:
    """Return one array an item as a column of dtype object, equal lengths or not."""
    column = np.empty(len(rows), dtype=object)
    for i, row in enumerate(rows):
        column[i] = np.asarray(row)
    return column


def _array(column: Any) -> np.ndarray:
    import pyarrow as pa

    chunk = column.combine_chunks()
    if isinstance(chunk, pa.ChunkedArray):
        chunk = pa.concat_arrays(chunk.chunks)
    if pa.types.is_list(chunk.type):
        return ragged(_rows(chunk))
    if pa.types.is_string(chunk.type):
        return np.asarray(chunk.to_pylist(), dtype=str)
    return _numbers(chunk)


def _rows(lists: Any) -> list[np.ndarray]:
    offsets = lists.offsets.to_numpy()
    values = _numbers(lists.values)
    return [values[a:b] for a, b in itertools.pairwise(offsets)]


def _numbers(chunk: Any) -> np.ndarray:
    import pyarrow as pa

    if pa.types.is_fixed_size_list(chunk.type):
        return chunk.flatten().to_numpy(zero_copy_only=False).reshape(-1, chunk.type.list_size)
    return chunk.to_numpy(zero_copy_only=False)

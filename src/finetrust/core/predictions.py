"""Predictions: what a model said about each item, as a table that is kept on disk (Parquet)."""

from collections.abc import Mapping
from dataclasses import dataclass
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
    columns : mapping of str to array (n,) or (n, k)
        ``target`` always; what the task yields beside it, e.g. ``logits`` (n, classes).
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

    def save(self, path: Path) -> None:
        """Write the table to a Parquet file, whole or not at all."""
        import pyarrow as pa
        import pyarrow.parquet as pq

        from finetrust.core.arrow import number_column, text_column

        columns = {name: number_column(values) for name, values in self.columns.items()}
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


def _array(column: Any) -> np.ndarray:
    import pyarrow as pa

    chunk = column.combine_chunks()
    if isinstance(chunk, pa.ChunkedArray):
        chunk = pa.concat_arrays(chunk.chunks)
    if pa.types.is_fixed_size_list(chunk.type):
        return chunk.flatten().to_numpy(zero_copy_only=False).reshape(-1, chunk.type.list_size)
    return chunk.to_numpy(zero_copy_only=False)

"""A table on disk as typed columns, read by Arrow: for many numbers a row, with errors that name it."""

from dataclasses import dataclass
from pathlib import Path
from typing import NoReturn

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from finetrust.core.errors import UserError
from finetrust.core.nearest import did_you_mean


@dataclass(frozen=True)
class TypedTable:
    """Columns of a CSV, TSV, Parquet or JSON lines file.

    Parameters
    ----------
    name : str
    table : pyarrow.Table
    first_row : int
        What a person calls the first row.
    """

    name: str
    table: pa.Table
    first_row: int

    @classmethod
    def read(cls, file: Path) -> "TypedTable":
        """Read a table with at least one row.

        Raises
        ------
        UserError
            If it cannot be read.
        """
        from pyarrow import csv, json, parquet

        tabs = csv.ParseOptions(delimiter="\t")
        readers = {
            ".parquet": parquet.read_table,
            ".csv": csv.read_csv,
            ".tsv": lambda path: csv.read_csv(path, parse_options=tabs),
            ".jsonl": json.read_json,
            ".ndjson": json.read_json,
        }
        ending = file.suffix.lower()
        if not file.is_file():
            raise UserError(f"{file} does not exist", "Give a table.")
        if ending not in readers:
            raise UserError(
                f"{file}: no table is called *{ending or file.name}",
                f"Give one of {', '.join(readers)}.",
            )
        try:
            table = readers[ending](file)
        except (pa.ArrowException, OSError) as error:
            where = " ".join(str(error).split())
            raise UserError(f"{file}: cannot be read ({where})", "Write it anew.") from error
        if not table.num_rows:
            raise UserError(f"{file}: there are no rows", "Give another table.")
        return cls(str(file), table, 2 if ending in (".csv", ".tsv") else 1)

    def __len__(self) -> int:
        return self.table.num_rows

    def __contains__(self, column: str) -> bool:
        return column in self.names

    @property
    def names(self) -> list[str]:
        """The names of the columns."""
        return self.table.column_names

    def fail(self, row: int, found: str, mend: str) -> NoReturn:
        """Raise UserError about the row with this index."""
        raise UserError(f"{self.name}, row {row + self.first_row}: {found}", mend)

    def require(self, column: str, option: str) -> None:
        """Raise UserError if there is no such column, which the user names with `option`."""
        if column not in self:
            found = f"Found: {', '.join(self.names)}; name it with {option}."
            raise UserError(
                f"{self.name}: no column '{column}'",
                f"{did_you_mean(column, self.names)} {found}".strip(),
            )

    def text(self, column: str) -> np.ndarray:
        """Return a column as text: array of str (n,), empty where there is nothing."""
        values = self.table[column].to_pylist()
        return np.array(["" if v is None else str(v).strip() for v in values])

    def numbers(self, column: str) -> np.ndarray:
        """Return a column of numbers: float64 array (n,), NaN where there is nothing."""
        try:
            values = pc.cast(self.table[column], pa.float64()).combine_chunks()
        except (pa.ArrowInvalid, pa.ArrowNotImplementedError):
            row = next(i for i, cell in enumerate(self.table[column]) if not _is_number(cell))
            value = self.table[column][row].as_py()
            self.fail(
                row,
                f"column '{column}' holds something else than numbers ('{value}')",
                "Mend the row, or leave it out.",
            )
        return np.asarray(values.to_numpy(zero_copy_only=False), dtype=np.float64)

    def lists(self, column: str) -> np.ndarray:
        """Return a column of lists of numbers of one length: array (n, length)."""
        chunk = self.table[column].combine_chunks()
        kinds = (pa.types.is_list, pa.types.is_large_list, pa.types.is_fixed_size_list)
        if not any(is_list(chunk.type) for is_list in kinds):
            raise UserError(
                f"{self.name}: column '{column}' holds no lists of numbers",
                "Write Parquet or JSON lines, or one column for each number.",
            )
        if chunk.null_count:
            row = int(np.argmax(np.asarray(chunk.is_null())))
            self.fail(row, f"column '{column}' is empty", "Fill it in or delete the row.")
        lengths = np.asarray(pc.list_value_length(chunk))
        if lengths.min() != lengths.max() or lengths[0] == 0:
            row = int(np.argmax(lengths != lengths[0]))
            found = (
                f"{lengths[row]} numbers in column '{column}', and {lengths[0]} in the first row"
            )
            self.fail(row, found, "Give every row equally many numbers.")
        values = chunk.flatten()
        if not (pa.types.is_floating(values.type) or pa.types.is_integer(values.type)):
            self.fail(0, f"column '{column}' holds no numbers", "Mend the column.")
        return values.to_numpy(zero_copy_only=False).reshape(len(chunk), lengths[0])


def _is_number(cell: pa.Scalar) -> bool:
    try:
        cell.cast(pa.float64())
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError):
        return False
    return True

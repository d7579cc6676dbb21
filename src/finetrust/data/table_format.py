"""A table that names files and their labels: CSV, Parquet or JSON lines."""

import csv
import json
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from finetrust.core.errors import UserError
from finetrust.core.nearest import did_you_mean
from finetrust.data.dataset import Dataset
from finetrust.data.image_files import ImageFiles
from finetrust.data.source import DataOptions, formats
from finetrust.data.split_names import SPLIT_NAMES


class TableFormat:
    """One row for each image; paths are relative to the folder of the table."""

    rank = 1
    tasks: tuple[str, ...] = ()

    def names(self) -> list[str]:
        return []

    def accepts(self, name: str) -> bool:
        path = Path(name).expanduser()
        return path.suffix.lower() in _READERS and path.is_file()

    def open(self, name: str, options: DataOptions) -> Dataset:
        file = Path(name).expanduser()
        table = _READERS[file.suffix.lower()](file, options)
        if not table.rows:
            raise UserError(f"{name}: the table has no rows", "Add a row for each image.")
        paths = table.filled(options.path_column)
        labels = table.filled(options.label_column)
        classes = sorted(set(labels))
        index = {label: i for i, label in enumerate(classes)}
        files = TableFiles([file.parent / path for path in paths], table.rows)
        if not any(path.exists() for path in files.paths):
            raise UserError(
                f"{name}: none of the {len(paths)} files exists, row {table.rows[0]} for instance "
                f"names {files.paths[0]}",
                f"Write the paths in column '{options.path_column}' relative to the folder of the "
                "table, or absolute.",
            )
        return Dataset(
            name=name,
            ids=_unique(paths, table.rows),
            inputs=files,
            targets=np.array([index[label] for label in labels], dtype=np.int64),
            classes=tuple(classes),
            splits=_splits(table, options.split_column),
            groups={column: np.array(table.columns[column]) for column in options.group_columns},
        )


formats.add("table", TableFormat())


class TableFiles(ImageFiles):
    """Image files that rows of a table name; a missing one is reported with its row."""

    def __init__(self, paths: Sequence[Path], rows: Sequence[int]) -> None:
        super().__init__(paths)
        self.rows = list(rows)

    def __getitem__(self, index: int) -> Image.Image:
        try:
            return super().__getitem__(index)
        except FileNotFoundError as error:
            raise self._missing(index) from error

    def content(self, index: int) -> bytes:
        try:
            return super().content(index)
        except FileNotFoundError as error:
            raise self._missing(index) from error

    def _missing(self, index: int) -> FileNotFoundError:
        return FileNotFoundError(f"row {self.rows[index]}: there is no file {self.paths[index]}")


@dataclass(frozen=True)
class _Table:
    """The columns that are needed, as text, with the number of each row as a person counts."""

    name: str
    columns: dict[str, list[str]]
    rows: list[int]

    def filled(self, column: str) -> list[str]:
        """Return a column in which every row must say something."""
        values = self.columns[column]
        for row, value in zip(self.rows, values, strict=True):
            if not value:
                raise UserError(
                    f"{self.name}, row {row}: column '{column}' is empty",
                    "Fill it in or delete the row.",
                )
        return values


def _read_csv(file: Path, options: DataOptions) -> _Table:
    try:
        with file.open(encoding="utf-8-sig", newline="") as lines:
            first = lines.readline()
            lines.seek(0)
            delimiter = "\t" if file.suffix == ".tsv" else max(",;\t", key=first.count)
            reader = csv.reader(lines, delimiter=delimiter)
            header = [name.strip() for name in next(reader, [])]
            wanted = _wanted(file, header, options)
            at = [header.index(name) for name in wanted]
            values: list[list[str]] = [[] for _ in at]
            rows = []
            for row, fields in enumerate(reader, start=2):
                if not fields:
                    continue
                if len(fields) != len(header):
                    raise UserError(
                        f"{file}, row {row}: {len(fields)} fields instead of {len(header)}",
                        "Mend the row; a field with a comma in it needs quotes.",
                    )
                rows.append(row)
                for column, position in zip(values, at, strict=True):
                    column.append(fields[position].strip())
    except (UnicodeDecodeError, csv.Error) as error:
        raise UserError(
            f"{file}: cannot be read as CSV ({error})", "Save it as CSV in UTF-8."
        ) from error
    return _Table(str(file), dict(zip(wanted, values, strict=True)), rows)


def _read_json_lines(file: Path, options: DataOptions) -> _Table:
    records: list[dict[str, Any]] = []
    rows = []
    try:
        with file.open(encoding="utf-8-sig") as lines:
            for row, line in enumerate(lines, start=1):
                if line.strip():
                    records.append(_record(file, row, line))
                    rows.append(row)
    except UnicodeDecodeError as error:
        raise UserError(f"{file}: not UTF-8 ({error})", "Save it as UTF-8.") from error
    header = list(dict.fromkeys(key for record in records for key in record))
    wanted = _wanted(file, header, options) if records else []
    columns = {name: [_text(record.get(name)) for record in records] for name in wanted}
    return _Table(str(file), columns, rows)


def _record(file: Path, row: int, line: str) -> dict[str, Any]:
    try:
        record = json.loads(line)
    except ValueError as error:
        raise UserError(f"{file}, row {row}: not JSON ({error})", "Mend the row.") from error
    if not isinstance(record, dict):
        raise UserError(
            f"{file}, row {row}: expected a JSON object", 'Write {"path": ..., "label": ...}.'
        )
    return record


def _read_parquet(file: Path, options: DataOptions) -> _Table:
    import pyarrow as pa
    from pyarrow import parquet

    try:
        wanted = _wanted(file, parquet.read_schema(file).names, options)
        table = parquet.read_table(file, columns=wanted)
    except (pa.ArrowException, OSError) as error:
        where = " ".join(str(error).split())
        raise UserError(f"{file}: cannot be read as Parquet ({where})", "Write it anew.") from error
    columns = {name: [_text(value) for value in table[name].to_pylist()] for name in wanted}
    return _Table(str(file), columns, list(range(1, table.num_rows + 1)))


_READERS: dict[str, Callable[[Path, DataOptions], _Table]] = {
    ".csv": _read_csv,
    ".tsv": _read_csv,
    ".parquet": _read_parquet,
    ".jsonl": _read_json_lines,
    ".ndjson": _read_json_lines,
}


def _wanted(file: Path, header: Sequence[str], options: DataOptions) -> list[str]:
    """Return the columns to read.

    Raises
    ------
    UserError
        For one that is absent, with the nearest that is there.
    """
    wanted = [options.path_column, options.label_column, *options.group_columns]
    if options.split_column in header or options.split_column != DataOptions().split_column:
        wanted.append(options.split_column)
    for column in wanted:
        if column not in header:
            raise UserError(
                f"{file}: there is no column '{column}'; the columns are {', '.join(header)}",
                f"{did_you_mean(column, header)} Name the columns with --path-column, "
                "--label-column, --split-column and --group-columns.".strip(),
            )
    return list(dict.fromkeys(wanted))


def _text(value: Any) -> str:
    return "" if value is None else str(value).strip()


def _splits(table: _Table, column: str) -> np.ndarray:
    values = table.columns.get(column)
    if values is None or not any(values):
        return np.full(len(table.rows), "")
    for row, value in zip(table.rows, values, strict=True):
        if value.lower() not in SPLIT_NAMES:
            found = f"split '{value}' is none of train, val, test" if value else "no split"
            raise UserError(
                f"{table.name}, row {row}: {found} in column '{column}'",
                did_you_mean(value, SPLIT_NAMES)
                or "Write train, val or test, or name another column with --split-column.",
            )
    return np.array([SPLIT_NAMES[value.lower()] for value in values])


def _unique(paths: Iterable[str], rows: Iterable[int]) -> tuple[str, ...]:
    """Return the paths as ids; one that is named again gets its row."""
    seen: set[str] = set()
    ids = []
    for path, row in zip(paths, rows, strict=True):
        ids.append(f"{path} (row {row})" if path in seen else path)
        seen.add(path)
    return tuple(ids)

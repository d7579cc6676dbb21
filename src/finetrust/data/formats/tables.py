"""Tables on disk: CSV, TSV, Parquet and JSON lines as columns, with the row of every value."""

import csv
import json
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from finetrust.core.errors import UserError
from finetrust.core.nearest import did_you_mean
from finetrust.data.split_names import SPLIT_NAMES

Choose = Callable[[Sequence[str]], list[str]]
"""From the names of all columns to those that are to be read."""

_UTF_16 = (b"\xff\xfe", b"\xfe\xff")


@dataclass(frozen=True)
class Table:
    """The columns that are needed, with the number of each row as a person counts.

    Parameters
    ----------
    name : str
    columns : dict of str to list (n,)
        What stands in the cells; None where there is nothing. Bytes of a text file that are not
        UTF-8 are lone surrogates (PEP 383).
    rows : list of int (n,)
    """

    name: str
    columns: dict[str, list[Any]]
    rows: list[int]

    def text(self, column: str) -> list[str]:
        """Return a column as text, without white space around it.

        Raises
        ------
        UserError
            If there are bytes in it that are not UTF-8.
        """
        values = ["" if v is None else str(v).strip() for v in self.columns[column]]
        for row, value in zip(self.rows, values, strict=True):
            at = undecoded(value)
            if at is not None:
                raise UserError(
                    f"{self.name}, row {row}: column '{column}' is not UTF-8 (byte "
                    f"{byte_of(value[at]):#04x})",
                    f"Save it as {Path(self.name).suffix[1:].upper()} in UTF-8.",
                )
        return values

    def single(self, column: str) -> list[str]:
        """Return a column as text in which every row must name one thing, and not a list of them."""
        for row, value in zip(self.rows, self.columns[column], strict=True):
            if isinstance(value, (list, dict)):
                raise UserError(
                    f"{self.name}, row {row}: column '{column}' holds {value}, and one label is "
                    "expected",
                    'Write a plain label, such as "cat".',
                )
        return self.filled(column)

    def filled(self, column: str) -> list[str]:
        """Return a column as text in which every row must say something."""
        values = self.text(column)
        for row, value in zip(self.rows, values, strict=True):
            if not value:
                raise UserError(
                    f"{self.name}, row {row}: column '{column}' is empty",
                    "Fill it in or delete the row.",
                )
        return values

    def splits(self, column: str) -> np.ndarray:
        """Return our names of the splits in a column: array of str (n,), ``""`` without any."""
        values = self.text(column) if column in self.columns else []
        if not any(values):
            return np.full(len(self.rows), "")
        for row, value in zip(self.rows, values, strict=True):
            if value.lower() not in SPLIT_NAMES:
                found = f"split '{value}' is none of train, val, test" if value else "no split"
                raise UserError(
                    f"{self.name}, row {row}: {found} in column '{column}'",
                    did_you_mean(value, SPLIT_NAMES)
                    or "Write train, val or test, or name another column with --split-column.",
                )
        return np.array([SPLIT_NAMES[value.lower()] for value in values])


def is_table(path: Path) -> bool:
    """Return whether `path` is a file that :func:`read_table` reads."""
    return path.suffix.lower() in _READERS and path.is_file()


def read_table(file: Path, choose: Choose) -> Table:
    """Return the columns of a table that `choose` picks by their names.

    Raises
    ------
    UserError
        If the file is broken, naming the row.
    """
    return _READERS[file.suffix.lower()](file, choose)


def undecoded(text: str) -> int | None:
    """Return where in `text` the first byte stands that is not UTF-8, or None."""
    try:
        text.encode("utf-8")
    except UnicodeEncodeError as error:
        return error.start
    return None


def byte_of(character: str) -> int:
    """Return the byte that a lone surrogate stands for, or its number where it stands for none."""
    return ord(character) - 0xDC00 if 0xDC80 <= ord(character) <= 0xDCFF else ord(character)


def _read_csv(file: Path, choose: Choose) -> Table:
    try:
        return _read_delimited(file, choose, csv.QUOTE_MINIMAL)
    except csv.Error as error:
        if file.suffix.lower() == ".tsv":  # most are written without any quoting
            try:
                return _read_delimited(file, choose, csv.QUOTE_NONE)
            except csv.Error:
                pass
        raise UserError(
            f"{file}: cannot be read as CSV ({error})",
            "Put texts with a comma, quote or line break into quotes, and double the quotes in them.",
        ) from error


def _read_delimited(file: Path, choose: Choose, quoting: int) -> Table:
    _refuse_utf16(file)
    with (
        file.open(encoding="utf-8-sig", errors="surrogateescape", newline="") as lines,
        _fields_of_any_length(),
    ):
        first = lines.readline()
        lines.seek(0)
        delimiter = "\t" if file.suffix.lower() == ".tsv" else max(",;\t", key=first.count)
        reader = csv.reader(lines, delimiter=delimiter, quoting=quoting, strict=True)  # type: ignore[arg-type]
        header = [name.strip() for name in next(reader, [])]
        wanted = choose(header)
        at = [header.index(name) for name in wanted]
        values: list[list[Any]] = [[] for _ in at]
        rows = []
        with _telling_the_line(reader):
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
                    column.append(fields[position])
    return Table(str(file), dict(zip(wanted, values, strict=True)), rows)


def _refuse_utf16(file: Path) -> None:
    with file.open("rb") as opened:
        if opened.read(2) in _UTF_16:
            raise UserError(f"{file}: not UTF-8 but UTF-16", "Save it as UTF-8.")


@contextmanager
def _fields_of_any_length() -> Iterator[None]:
    before = csv.field_size_limit(sys.maxsize)
    try:
        yield
    finally:
        csv.field_size_limit(before)


@contextmanager
def _telling_the_line(reader: Any) -> Iterator[None]:
    try:
        yield
    except csv.Error as error:
        raise csv.Error(f"{error}, line {reader.line_num}") from error


def _read_json_lines(file: Path, choose: Choose) -> Table:
    _refuse_utf16(file)
    records: list[dict[str, Any]] = []
    rows = []
    with file.open(encoding="utf-8-sig", errors="surrogateescape", newline="\n") as lines:
        for row, line in enumerate(lines, start=1):
            if line.strip():
                records.append(_record(file, row, line))
                rows.append(row)
    header = list(dict.fromkeys(key for record in records for key in record))
    wanted = choose(header) if records else []
    columns = {name: [record.get(name) for record in records] for name in wanted}
    return Table(str(file), columns, rows)


def _record(file: Path, row: int, line: str) -> dict[str, Any]:
    try:
        record = json.loads(line)
    except ValueError as error:
        found = "not JSON" if undecoded(line) is None else "not UTF-8, nor JSON"
        raise UserError(f"{file}, row {row}: {found} ({error})", "Mend the row.") from error
    if not isinstance(record, dict):
        raise UserError(
            f"{file}, row {row}: expected a JSON object",
            'Write {"path": ..., "label": ...} or {"text": ..., "label": ...}.',
        )
    return record


def _read_parquet(file: Path, choose: Choose) -> Table:
    import pyarrow as pa
    from pyarrow import parquet

    try:
        wanted = choose(parquet.read_schema(file).names)
        table = parquet.read_table(file, columns=wanted)
    except (pa.ArrowException, OSError) as error:
        where = " ".join(str(error).split())
        raise UserError(f"{file}: cannot be read as Parquet ({where})", "Write it anew.") from error
    columns = {name: table[name].to_pylist() for name in wanted}
    return Table(str(file), columns, list(range(1, table.num_rows + 1)))


_READERS: dict[str, Callable[[Path, Choose], Table]] = {
    ".csv": _read_csv,
    ".tsv": _read_csv,
    ".parquet": _read_parquet,
    ".jsonl": _read_json_lines,
    ".ndjson": _read_json_lines,
}

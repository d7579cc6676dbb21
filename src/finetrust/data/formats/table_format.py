"""A table that names its items and their labels: CSV, Parquet or JSON lines."""

from collections.abc import Sequence
from pathlib import Path

from finetrust.core.errors import UserError
from finetrust.core.nearest import did_you_mean
from finetrust.data.dataset import Dataset
from finetrust.data.formats.table_rows import TABLE, Rows, rows
from finetrust.data.formats.tables import is_table, read_table
from finetrust.data.source import DataOptions, formats, refuse_unheeded

_INPUTS = ("path_column", "text_column", "text_pair_column")


class TableFormat:
    """One row for each item; what it is, its columns tell."""

    rank = 1
    noun = "a table"
    heeds = TABLE | {"path_column", "text_column", "text_pair_column", "label_separator"}
    tasks: tuple[str, ...] = ()

    def names(self) -> list[str]:
        return []

    def accepts(self, name: str) -> bool:
        return is_table(Path(name).expanduser())

    def open(self, name: str, options: DataOptions) -> Dataset:
        file = Path(name).expanduser()
        table = read_table(file, lambda header: _wanted(file, header, options))
        if not table.rows:
            raise UserError(f"{name}: the table has no rows", "Add a row for each item.")
        return _kind(list(table.columns), options).dataset(name, file, table, options)


formats.add("table", TableFormat())


def _kinds(options: DataOptions) -> list[Rows]:
    """Return the kinds of rows: those for the user's task, with a column the user named, by rank."""

    def order(kind: Rows) -> tuple[bool, bool, int]:
        chosen = kind.column(options) != kind.column(DataOptions())
        return options.task not in kind.tasks, not chosen, kind.rank

    fit = [
        kind
        for _, kind in rows.items()
        if not (options.task and kind.tasks and options.task not in kind.tasks)
    ]
    return sorted(fit, key=order)


def _kind(header: Sequence[str], options: DataOptions) -> Rows:
    """Return the kind of rows whose column is there, or the first that is thought of."""
    kinds = _kinds(options)
    return next((kind for kind in kinds if kind.column(options) in header), kinds[0])


def _wanted(file: Path, header: Sequence[str], options: DataOptions) -> list[str]:
    """Return the columns to read.

    Raises
    ------
    UserError
        For one that is absent, with the nearest that is there, or there twice, or of no use.
    """
    kind = _kind(header, options)
    if kind.column(options) not in header:
        names = [kind.column(options) for kind in _kinds(options)]
        nearest = next(filter(None, (did_you_mean(name, header) for name in names)), "")
        raise _absent(file, " or ".join(f"'{name}'" for name in names), header, nearest)
    wanted = [*kind.columns(options), options.label_column, *options.group_columns]
    if options.split_column in header or options.split_column != DataOptions().split_column:
        wanted.append(options.split_column)
    for column in (*wanted, *_named(options)):
        if column not in header:
            raise _absent(file, f"'{column}'", header, did_you_mean(column, header))
    refuse_unheeded(options, kind, [known for _, known in rows.items()])
    for column in wanted:
        if header.count(column) > 1:
            raise UserError(
                f"{file}: {header.count(column)} columns are called '{column}'",
                "Rename or delete all but one.",
            )
    return list(dict.fromkeys(wanted))


def _named(options: DataOptions) -> list[str]:
    """Return the columns of inputs that the user named."""
    chosen = {name: getattr(options, name) for name in _INPUTS}
    return [column for name, column in chosen.items() if column != getattr(DataOptions(), name)]


def _absent(file: Path, column: str, header: Sequence[str], nearest: str) -> UserError:
    if not any(header):
        known = "the first line names none" if file.stat().st_size else "the file is empty"
        return UserError(
            f"{file}: there is no column {column}; {known}",
            "Name the columns in the first line, and write a row for each item.",
        )
    known = f"the columns are {', '.join(header)}"
    return UserError(
        f"{file}: there is no column {column}; {known}",
        f"{nearest} Name the columns with --path-column or --text-column, --label-column, "
        "--split-column and --group-columns.".strip(),
    )

"""A comparison as files: a page, values for programs, and the items that flipped as a table."""

from collections.abc import Sequence
from pathlib import Path

from finetrust.core.atomic import replacing, write_json, write_text
from finetrust.core.comparison import Comparison, Flips
from finetrust.core.errors import UserError
from finetrust.report.comparison_markdown import comparison_markdown

FORMATS = (".csv", ".parquet")
_COLUMNS = ("run", "id", "change", "target", "reference_answer", "answer")


def write_comparison(comparison: Comparison, folder: Path) -> None:
    """Write ``comparison.md`` and ``comparison.json`` to a folder, each whole or not at all."""
    write_text(folder / "comparison.md", comparison_markdown(comparison))
    write_json(folder / "comparison.json", comparison.to_dict())


def check_flips_file(file: Path) -> None:
    """Raise UserError if a file cannot hold the items that flipped."""
    if file.suffix.lower() not in FORMATS:
        raise UserError(
            f"{file}: neither a .csv nor a .parquet file", "Give the file such an ending."
        )


def write_flips(flips: Sequence[Flips], file: Path) -> None:
    """Write the items that flipped to a CSV or Parquet file, one row an item.

    Raises
    ------
    UserError
        If the file has another ending.
    """
    import pyarrow as pa
    import pyarrow.csv
    import pyarrow.parquet

    check_flips_file(file)
    schema = pa.schema([(name, pa.string()) for name in _COLUMNS])
    tables = [pa.table(f.columns(), schema) for f in flips]
    table = pa.concat_tables([schema.empty_table(), *tables])
    with replacing(file) as temporary:
        if file.suffix.lower() == ".csv":
            pyarrow.csv.write_csv(table, temporary)
        else:
            pyarrow.parquet.write_table(table, temporary)

"""Rows of a table that name image files."""

from collections.abc import Iterable
from pathlib import Path

from finetrust.core.errors import UserError
from finetrust.data.dataset import Dataset
from finetrust.data.formats.table_rows import TABLE, classes_of, groups_of, rows
from finetrust.data.formats.tables import Table
from finetrust.data.images.listed_images import ListedImages
from finetrust.data.source import DataOptions


class ImageRows:
    """One row for each image; paths are relative to the folder of the table."""

    rank = 1
    noun = "a table of images"
    heeds = TABLE | {"path_column"}
    tasks: tuple[str, ...] = ()
    unit = "image"

    def column(self, options: DataOptions) -> str:
        return options.path_column

    def columns(self, options: DataOptions) -> list[str]:
        return [options.path_column]

    def dataset(self, name: str, file: Path, table: Table, options: DataOptions) -> Dataset:
        paths = table.filled(options.path_column)
        targets, classes = classes_of(table.single(options.label_column))
        files = ListedImages(
            [file.parent / path for path in paths], [f"row {row}" for row in table.rows]
        )
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
            targets=targets,
            classes=classes,
            splits=table.splits(options.split_column),
            groups=groups_of(table, options),
        )


rows.add("images", ImageRows())


def _unique(paths: Iterable[str], rows: Iterable[int]) -> tuple[str, ...]:
    """Return the paths as ids; one that is named again gets its row."""
    seen: set[str] = set()
    ids = []
    for path, row in zip(paths, rows, strict=True):
        ids.append(f"{path} (row {row})" if path in seen else path)
        seen.add(path)
    return tuple(ids)

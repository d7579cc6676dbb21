"""Rows of a table that hold a text, or a pair of texts, with one label or any number of them."""

from pathlib import Path

from finetrust.core.errors import UserError
from finetrust.data.dataset import Dataset
from finetrust.data.formats.table_rows import TABLE, classes_of, groups_of, rows
from finetrust.data.formats.tables import Table
from finetrust.data.source import DataOptions
from finetrust.data.texts.label_sets import are_sets, multi_hot, sets_of
from finetrust.data.texts.text_inputs import Texts
from finetrust.data.texts.text_kind import TEXTS


class TextRows:
    """One row for each text; lists of labels, or a separator between labels, make it multi-label."""

    rank = 2
    noun = "a table of texts"
    heeds = TABLE | {"text_column", "text_pair_column", "label_separator"}
    tasks: tuple[str, ...] = ("text-classification", "multi-label-text-classification")
    unit = "text"

    def column(self, options: DataOptions) -> str:
        return options.text_column

    def columns(self, options: DataOptions) -> list[str]:
        pair = options.text_pair_column
        return [options.text_column, *([] if pair is None else [pair])]

    def dataset(self, name: str, file: Path, table: Table, options: DataOptions) -> Dataset:
        label, separator = options.label_column, options.label_separator
        if are_sets(table.columns[label], separator):
            sets = sets_of(table, label, separator)
            classes = tuple(sorted({one for labels in sets for one in labels}))
            if not classes:
                raise UserError(f"{name}: no row has a label", f"Fill in column '{label}'.")
            targets, task = multi_hot(sets, classes), "multi-label-text-classification"
        else:
            targets, classes = classes_of(table.single(label))
            task = "text-classification"
        pair = options.text_pair_column
        return Dataset(
            name=name,
            ids=tuple(f"row {row}" for row in table.rows),
            inputs=Texts(
                table.columns[options.text_column], None if pair is None else table.columns[pair]
            ),
            targets=targets,
            classes=classes,
            splits=table.splits(options.split_column),
            groups=groups_of(table, options),
            task=task,
            kind=TEXTS,
        )


rows.add("texts", TextRows())

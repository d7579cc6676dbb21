"""What the columns of a Hugging Face data set hold: one file per kind of content."""

from collections.abc import Mapping, Sequence
from typing import Any, Protocol

import numpy as np

from finetrust.core.errors import UserError
from finetrust.core.nearest import did_you_mean
from finetrust.core.registry import Registry
from finetrust.data.dataset import Inputs
from finetrust.data.input_kind import InputKind
from finetrust.data.source import DataOptions, Heeding

Parts = Mapping[str, Any]
"""A datasets.Dataset for each of our splits."""


class Content(Heeding, Protocol):
    """One kind of content. ``rank`` orders the kinds where the columns of several are there."""

    rank: int
    task: str
    """What its data are made for."""

    kind: InputKind

    def accepts(self, features: Mapping[str, Any], options: DataOptions) -> bool:
        """Return whether the columns of a data set hold this."""
        ...

    def read(
        self, name: str, parts: Parts, options: DataOptions
    ) -> tuple[Inputs, np.ndarray, tuple[str, ...]]:
        """Return inputs, targets and classes of all parts, one after the other."""
        ...


contents: Registry[Content] = Registry("content of Hugging Face data", "finetrust.data")


def first_of(parts: Parts) -> Any:
    """Return one of the parts; all have the same columns."""
    return next(iter(parts.values()))


def label_column(name: str, parts: Parts, options: DataOptions) -> str:
    """Return the column with the labels.

    Raises
    ------
    UserError
        If the one that the user named is absent, or it is not clear which it is.
    """
    import datasets

    part = first_of(parts)
    if options.label_column in part.column_names:
        return options.label_column
    if options.label_column != DataOptions().label_column:
        raise no_column(name, options.label_column, part.column_names)
    labels = [c for c, feature in part.features.items() if isinstance(feature, datasets.ClassLabel)]
    if len(labels) != 1:
        found = (
            f"several columns hold labels: {', '.join(labels)}"
            if labels
            else (f"no column holds labels; the columns are {', '.join(part.column_names)}")
        )
        raise UserError(f"{name}: {found}", "Choose one with --label-column.")
    return labels[0]


def class_labels(
    name: str, parts: Parts, options: DataOptions
) -> tuple[np.ndarray, tuple[str, ...]]:
    """Return the label of every item as an index into the classes, int64 (n,), and the classes."""
    import datasets

    column = label_column(name, parts, options)
    feature = first_of(parts).features[column]
    names = list(feature.names) if isinstance(feature, datasets.ClassLabel) else None
    labels: list[str] = []
    for split, part in parts.items():
        for row, value in enumerate(part[column]):
            if value is None or value == "" or (names is not None and value < 0):
                where = f"split {split}, " if split else ""
                raise UserError(
                    f"{name}, {where}row {row}: no label in column '{column}'",
                    "Leave such rows out, or choose another column with --label-column.",
                )
            labels.append(names[value] if names is not None else str(value))
    classes = tuple(names) if names is not None else tuple(sorted(set(labels)))
    index = {value: i for i, value in enumerate(classes)}
    return np.array([index[value] for value in labels], dtype=np.int64), classes


def no_column(name: str, column: str, known: Sequence[str]) -> UserError:
    """Return the error for a column that is not there."""
    return UserError(
        f"{name}: there is no column '{column}'; the columns are {', '.join(known)}",
        did_you_mean(column, known) or "Name another column.",
    )

"""Predictions made elsewhere, as a table: CSV, TSV, Parquet or JSON lines, one row an item.

====================================  =============================================================
``label``                             true class: its name, or its index from 0
``logits`` or ``probabilities``       one list of numbers a row, in the order of the classes
``logit_NAME``, ``probability_NAME``  or one column a class
``probability``                       or, of two classes, that of the second
``prediction``                        or the predicted class alone: its name or index
``id``, ``split``, ``perturbation``   optional; rows of the split val are for calibration, rows of a
                                      perturbation (``gaussian_noise-3``) repeat the id of an item
``features``                          optional: an embedding, one list of numbers a row
====================================  =============================================================
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np

from finetrust.core.errors import UserError
from finetrust.core.nearest import did_you_mean
from finetrust.core.predictions import Predictions
from finetrust.data.split_names import SPLIT_NAMES
from finetrust.data.typed_table import TypedTable

CLEAN = ("", "clean", "none")
LARGEST_SUM_ERROR = 0.01
SMALLEST_PROBABILITY = 1e-45
_PREFIXES = {"logit_": False, "logit:": False, "probability_": True, "prob_": True}


@dataclass(frozen=True)
class PredictionColumns:
    """How such a table is read.

    Parameters
    ----------
    label_column, id_column, split_column : str
    group_columns : tuple of str
    classes : tuple of str
        Names in the order of the outputs; empty where the table tells them.
    split : str or None
        Which rows are judged; by default those of the split test, or all where no split is named.
    """

    label_column: str = "label"
    id_column: str = "id"
    split_column: str = "split"
    group_columns: tuple[str, ...] = ()
    classes: tuple[str, ...] = ()
    split: str | None = None


@dataclass(frozen=True)
class GivenPredictions:
    """What a table of predictions holds.

    Parameters
    ----------
    clean : Predictions
        On the untouched items that are judged.
    classes : tuple of str
    validation : Predictions or None
        The rows of the split val.
    perturbed : mapping of str to Predictions
    groups : mapping of str to array of str (n,)
        Of the clean items.
    notes : tuple of str
        What a reader must know about how the table was read.
    """

    clean: Predictions
    classes: tuple[str, ...]
    validation: Predictions | None = None
    perturbed: Mapping[str, Predictions] = field(default_factory=dict)
    groups: Mapping[str, np.ndarray] = field(default_factory=dict)
    notes: tuple[str, ...] = ()


def read_class_predictions(file: Path, columns: PredictionColumns) -> GivenPredictions:
    """Read predictions of one class an item.

    Raises
    ------
    UserError
        If the file cannot be read, a column is missing, or a value makes no sense, naming the row.
    """
    table = TypedTable.read(file)
    reader = _Reader(table, columns)
    classes, outputs, notes = reader.outputs()
    target = reader.indices(reader.label_column, classes)
    if "predicted" in outputs:
        outputs = {"predicted_class": reader.indices(outputs["predicted"], classes)}
    if "features" in table:
        outputs["features"] = table.lists("features").astype(np.float32)
    every = Predictions(reader.ids(), {"target": target, **outputs})
    splits, perturbations = reader.splits(), reader.perturbations()
    judged, validation = splits == reader.judged_split(splits), splits == "val"
    clean = perturbations == "clean"
    reader.refuse_repeated(every.ids, np.char.add(splits, perturbations))
    split = columns.split or "test"

    def taken(rows: np.ndarray, split: str, perturbation: str = "clean") -> Predictions:
        found = every.take(np.flatnonzero(rows))
        return replace(found, split=split, perturbation=perturbation)

    for_thresholds = clean & validation & ~judged
    groups = {name: table.text(name) for name in columns.group_columns}
    return GivenPredictions(
        taken(clean & judged, split),
        classes,
        taken(for_thresholds, "val").with_groups(
            {name: values[for_thresholds] for name, values in groups.items()}
        )
        if for_thresholds.any()
        else None,
        {
            str(name): taken((perturbations == name) & judged, split, str(name))
            for name in np.unique(perturbations[~clean & judged])
        },
        {name: values[clean & judged] for name, values in groups.items()},
        notes,
    )


class _Reader:
    """The columns of one table of predictions."""

    def __init__(self, table: TypedTable, columns: PredictionColumns) -> None:
        self.table, self.columns, self.name = table, columns, table.name
        for column in columns.group_columns:
            table.require(column, "--group-columns")
        label = columns.label_column
        alone = label == "label" and label not in table
        self.label_column = "target" if alone and "target" in table else label
        table.require(self.label_column, "--label-column")

    def ids(self) -> np.ndarray:
        column = self.columns.id_column
        if column in self.table.names:
            return self.table.text(column)
        if column != "id" or "perturbation" in self.table:
            self.table.require(column, "--id-column")
        return np.arange(len(self.table)).astype(str)

    def splits(self) -> np.ndarray:
        column = self.columns.split_column
        if column not in self.table.names:
            if column != "split":
                self.table.require(column, "--split-column")
            return np.full(len(self.table), "")
        values = self.table.text(column)
        for value in np.unique(values):
            if value and value.lower() not in SPLIT_NAMES:
                row = int(np.flatnonzero(values == value)[0])
                self.table.fail(
                    row, f"split '{value}' is none of train, val, test", "Mend the row."
                )
        return np.array([SPLIT_NAMES.get(value.lower(), "") for value in values])

    def perturbations(self) -> np.ndarray:
        if "perturbation" not in self.table.names:
            return np.full(len(self.table), "clean")
        values = self.table.text("perturbation")
        return np.where(np.isin(values, CLEAN), "clean", values)

    def judged_split(self, splits: np.ndarray) -> str:
        """Return the split whose rows are judged.

        Raises
        ------
        UserError
            If it has no untouched rows.
        """
        named = sorted(set(splits.tolist()) - {""})
        chosen = self.columns.split or ("test" if named else "")
        if not ((splits == chosen) & (self.perturbations() == "clean")).any():
            raise UserError(
                f"{self.name}: there are no {chosen} rows to judge; found "
                f"{', '.join(named) or 'no splits'}",
                "Choose another split with --split.",
            )
        return chosen

    def refuse_repeated(self, ids: np.ndarray, tables: np.ndarray) -> None:
        """Raise UserError if two rows of the same of several tables have one id."""
        keys = np.char.add(np.char.add(tables, "\n"), ids)
        _, firsts, inverse = np.unique(keys, return_index=True, return_inverse=True)
        repeated = np.flatnonzero(firsts[inverse] != np.arange(len(keys)))
        if len(repeated):
            row = int(repeated[0])
            self.table.fail(
                row, f"the id '{ids[row]}' is there twice", "Give every item an id of its own."
            )

    def outputs(self) -> tuple[tuple[str, ...], dict[str, Any], tuple[str, ...]]:
        """Return classes, the column of outputs (or where predicted classes stand), and notes."""
        names = self.table.names
        for prefix, are_probabilities in _PREFIXES.items():
            found = [name for name in names if name.startswith(prefix)]
            if found:
                return self._of_columns(found, prefix, are_probabilities)
        for name, are_probabilities in {"logits": False, "probabilities": True}.items():
            if name in names:
                values = self.table.lists(name)
                classes, notes = self._classes_of(values.shape[1])
                return classes, {"logits": self._logits(values, are_probabilities)}, notes
        if "probability" in names:
            of_second = self.table.numbers("probability")
            classes, notes = self._classes_of(2)
            both = np.stack([1 - of_second, of_second], axis=1)
            return classes, {"logits": self._logits(both, True)}, notes
        for name in ("prediction", "predicted"):
            if name in names:
                labels = np.concatenate([self.table.text(self.label_column), self.table.text(name)])
                classes = self.columns.classes or _sorted_classes(labels)
                return classes, {"predicted": name}, ()
        raise UserError(
            f"{self.name}: no column with predictions; found {', '.join(names)}",
            "Call it logits, probabilities or prediction, or give one column a class: "
            "probability_NAME.",
        )

    def _of_columns(
        self, found: list[str], prefix: str, are_probabilities: bool
    ) -> tuple[tuple[str, ...], dict[str, Any], tuple[str, ...]]:
        named = tuple(name.removeprefix(prefix) for name in found)
        if self.columns.classes and set(self.columns.classes) != set(named):
            odd = sorted(set(self.columns.classes) ^ set(named))[0]
            raise UserError(
                f"{self.name}: the columns {prefix}... and --classes do not name the same classes "
                f"('{odd}')",
                "Leave --classes out, or mend it.",
            )
        values = np.stack([self.table.numbers(name) for name in found], axis=1)
        return named, {"logits": self._logits(values, are_probabilities)}, ()

    def _classes_of(self, n: int) -> tuple[tuple[str, ...], tuple[str, ...]]:
        if self.columns.classes:
            if len(self.columns.classes) != n:
                raise UserError(
                    f"{self.name}: {n} outputs an item, and --classes names {len(self.columns.classes)}",
                    "Name every class once, in the order of the outputs.",
                )
            return self.columns.classes, ()
        labels = _sorted_classes(self.table.text(self.label_column))
        if all(label.isdigit() for label in labels):
            return tuple(map(str, range(n))), ()
        if len(labels) != n:
            raise UserError(
                f"{self.name}: {n} outputs an item, and the labels name {len(labels)} classes",
                "Name them in the order of the outputs: --classes cat,dog,...",
            )
        note = (
            "The outputs have no names: they were taken to be those of the classes in the order of "
            f"the alphabet ({', '.join(labels[:3])}{', ...' if n > 3 else ''})."
        )
        return labels, (note,)

    def _logits(self, values: np.ndarray, are_probabilities: bool) -> np.ndarray:
        if not are_probabilities:
            return values
        known = np.isfinite(values).all(axis=1)
        sums = values.sum(axis=1)
        outside = known & ((values < 0).any(axis=1) | (np.abs(sums - 1) > LARGEST_SUM_ERROR))
        if outside.any():
            row = int(np.argmax(outside))
            low = float(values[row].min())
            found = (
                f"a probability is {low:.4g}"
                if low < 0
                else f"the probabilities sum to {sums[row]:.4g}"
            )
            self.table.fail(row, found, "Give probabilities that sum to 1, or call them logits.")
        with np.errstate(invalid="ignore"):
            return np.log(np.maximum(values, SMALLEST_PROBABILITY))

    def indices(self, column: str, classes: Sequence[str]) -> np.ndarray:
        """Return a column of class names or indices as indices: int64 array (n,)."""
        values = self.table.text(column)
        names = np.unique(values)
        positions = {name: i for i, name in enumerate(classes)}
        if not all(name in positions for name in names) and all(n.isdigit() for n in names):
            positions = {str(i): i for i in range(len(classes))}
        for name in names:
            if name not in positions:
                row = int(np.flatnonzero(values == name)[0])
                self.table.fail(
                    row,
                    f"class '{name}' in column '{column}' is not among the {len(classes)} classes"
                    if name
                    else f"column '{column}' is empty",
                    did_you_mean(name, classes) or f"Known: {', '.join(classes[:10])}.",
                )
        found, inverse = np.unique(values, return_inverse=True)
        return np.array([positions[name] for name in found], dtype=np.int64)[inverse]


def _sorted_classes(labels: np.ndarray) -> tuple[str, ...]:
    names = np.unique(labels).tolist()
    return tuple(sorted(names, key=int) if all(n.isdigit() for n in names) else sorted(names))

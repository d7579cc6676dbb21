"""What the tables of the trial say of one decision: its neighbours, and what spoke for and against it."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from finetrust.core.predictions import Predictions

NEIGHBOURS, INFLUENCE, PROTOTYPES, SELF_INFLUENCE = (
    "neighbours", "influence", "prototypes", "self_influence",
)  # fmt: skip
"""The steps of the trial."""

NEAREST = 5
"""Neighbours of every item."""

PROTOTYPE, CRITICISM = "prototype", "criticism"


@dataclass(frozen=True)
class TrainingItem:
    """A training item that stands beside a decision.

    Parameters
    ----------
    id : str
    label : int
    figure : float
        How far it is, as 1 - cosine of the features; or how much it did to the answer, positive.
    """

    id: str
    label: int
    figure: float


@dataclass(frozen=True)
class Examples:
    """The training items that explain a decision; each group the strongest first.

    Parameters
    ----------
    neighbours : tuple of TrainingItem
        The nearest ones in feature space.
    other : TrainingItem or None
        The nearest one of another class than the answer.
    helpful, harmful : tuple of TrainingItem
        Those that spoke most for the answer, and most against it; empty where that was not asked.
    """

    neighbours: tuple[TrainingItem, ...]
    other: TrainingItem | None
    helpful: tuple[TrainingItem, ...] = ()
    harmful: tuple[TrainingItem, ...] = ()


@dataclass(frozen=True)
class Representatives:
    """Training items of one class by their ids: what stands for it, and what is unlike that."""

    prototypes: tuple[str, ...]
    criticisms: tuple[str, ...]


def examples_of(tables: Mapping[str, Predictions], item: str) -> Examples | None:
    """Return the training items that explain the answer for one evaluation item.

    Parameters
    ----------
    tables : mapping of str to Predictions
        Of the trial ``examples``, by step; empty where it was not held.
    item : str
        The id of the evaluation item.

    Returns
    -------
    Examples or None
        None where nothing was asked about it.
    """
    near = _row(tables.get(NEIGHBOURS), item)
    if near is None:
        return None
    others = _items(near, ("other", "other_label", "other_distance"), False)
    found = Examples(
        _items(near, ("neighbour", "label", "distance")), others[0] if others else None
    )
    strong = _row(tables.get(INFLUENCE), item)
    if strong is None:
        return found
    return Examples(
        found.neighbours,
        found.other,
        _items(strong, ("for", "for_label", "for_value")),
        _items(strong, ("against", "against_label", "against_value")),
    )


def prototypes_of(tables: Mapping[str, Predictions]) -> dict[int, Representatives]:
    """Return the representatives of every class; empty where the trial was not held.

    Parameters
    ----------
    tables : mapping of str to Predictions
        Of the trial ``examples``, by step.
    """
    table = tables.get(PROTOTYPES)
    if table is None:
        return {}

    def of(label: int, kind: str) -> tuple[str, ...]:
        rows = np.flatnonzero((table["label"] == label) & (table["kind"] == kind))
        return tuple(str(i) for i in table.ids[rows[np.argsort(table["rank"][rows])]])

    return {
        int(label): Representatives(of(label, PROTOTYPE), of(label, CRITICISM))
        for label in np.unique(table["label"])
    }


def _row(table: Predictions | None, item: str) -> Predictions | None:
    if table is None:
        return None
    rows = np.flatnonzero(table.ids == item)
    return table.take(rows[:1]) if len(rows) else None


def _items(
    row: Predictions, columns: tuple[str, str, str], ranked: bool = True
) -> tuple[TrainingItem, ...]:
    """Return the items in the columns of ids, labels and figures of a table with one row."""
    ids, labels, figures = columns
    found = []
    for end in (f"-{rank}" for rank in range(len(row.columns))) if ranked else ("",):
        if f"{ids}{end}" not in row or not row[f"{ids}{end}"][0]:
            break
        label, figure = int(row[f"{labels}{end}"][0]), float(row[f"{figures}{end}"][0])
        found.append(TrainingItem(str(row[f"{ids}{end}"][0]), label, figure))
    return tuple(found)

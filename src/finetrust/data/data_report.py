"""The data report: what is wrong with a data set, in numbers and in plain words."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from rich.console import Console, ConsoleOptions, RenderResult
from rich.table import Table
from rich.text import Text

from finetrust.core.atomic import write_json
from finetrust.data.input_kind import InputKind, Size

Pair = tuple[str, str, str, str]
"""Id and split of one item, id and split of the other."""

PAIRS_KEPT = 100
CLASSES_SHOWN = 20


@dataclass(frozen=True)
class Pairs:
    """Items that are copies of one another.

    Parameters
    ----------
    n_pairs, across_splits : int
        How many pairs there are in all, and how many of them lie in two splits.
    pairs : tuple of (id, split, id, split)
        Up to 100, those across splits first.
    """

    n_pairs: int = 0
    across_splits: int = 0
    pairs: tuple[Pair, ...] = ()

    @classmethod
    def of(cls, pairs: Sequence[Pair]) -> "Pairs":
        across = [pair for pair in pairs if pair[1] != pair[3]]
        within = [pair for pair in pairs if pair[1] == pair[3]]
        return cls(len(pairs), len(across), tuple([*across, *within][:PAIRS_KEPT]))

    def to_dict(self) -> dict[str, Any]:
        """Return the pairs as JSON values."""
        return {**asdict(self), "pairs": [list(pair) for pair in self.pairs]}


@dataclass(frozen=True)
class Sizes:
    """Sizes of the inputs: the smallest, median and largest; how many different ones there are.

    Parameters
    ----------
    min, median, max : tuple of int
        Width and height of an image, or the words of a text; ordered by their product.
    distinct : int
    unit : str
        ``"pixels"`` or ``"words"``.
    line : str
        All of it as a sentence.
    """

    min: Size
    median: Size
    max: Size
    distinct: int
    unit: str
    line: str

    @classmethod
    def of(cls, found: Sequence[Size], kind: InputKind) -> "Sizes":
        sizes = sorted(found, key=lambda size: (math.prod(size), size))
        smallest, median, largest = sizes[0], sizes[len(sizes) // 2], sizes[-1]
        distinct = len(set(sizes))
        low, middle, high = map(kind.size_text, (smallest, median, largest))
        if distinct == 1:
            line = f"All {kind.plural} have {middle} {kind.unit}."
        else:
            line = (
                f"Sizes from {low} over {middle} (median) to {high} {kind.unit}, {distinct} different "
                "ones."
            )
        return cls(smallest, median, largest, distinct, kind.unit, line)

    def to_dict(self) -> dict[str, Any]:
        """Return the sizes as JSON values."""
        sizes = {name: list(getattr(self, name)) for name in ("min", "median", "max")}
        return {**sizes, "distinct": self.distinct, "unit": self.unit}


@dataclass(frozen=True)
class DataReport:
    """What the checks found.

    Parameters
    ----------
    name : str
    classes : tuple of str
    counts : mapping of str to tuple of int (classes,)
        How many of what is `counted` there are of each class in each split; the key is ``""`` where
        no split is named.
    items : mapping of str to int
        Usable items of each split.
    unreadable : list of (id, reason)
        Items that are left out: unreadable, or without a usable target.
    problems : tuple of (id, problem)
        What was wrong with targets that are used all the same.
    exact_duplicates, near_duplicates : Pairs
        Every further exact copy is paired with the first one.
    conflicting_labels : tuple of (id, class, id, class)
        Copies, exact or near, with different labels.
    sizes : Sizes
    inputs, counted : str
        The nouns of the inputs and of what the counts count, in the plural.
    background : tuple of str
        Classes that stand for nothing in particular.
    balances : bool
        Whether rare classes can be given more weight in training.
    notes : tuple of str
        What the source left out.
    warnings : tuple of str
        What a reader must know, in whole sentences, the gravest first.
    """

    name: str
    classes: tuple[str, ...]
    counts: Mapping[str, tuple[int, ...]]
    items: Mapping[str, int]
    unreadable: list[tuple[str, str]]
    exact_duplicates: Pairs
    near_duplicates: Pairs
    conflicting_labels: tuple[Pair, ...]
    sizes: Sizes
    inputs: str = "images"
    counted: str = "images"
    background: tuple[str, ...] = ()
    balances: bool = True
    problems: tuple[tuple[str, str], ...] = ()
    notes: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()

    @property
    def n(self) -> int:
        """How many items are usable."""
        return sum(self.items.values())

    @property
    def empty_classes(self) -> list[str]:
        """Classes of which there is nothing."""
        return self._classes_with(0)

    @property
    def single_item_classes(self) -> list[str]:
        """Classes of which there is one."""
        return self._classes_with(1)

    def _classes_with(self, count: int) -> list[str]:
        totals = map(sum, zip(*self.counts.values(), strict=True))
        return [name for name, total in zip(self.classes, totals, strict=True) if total == count]

    def to_dict(self) -> dict[str, Any]:
        """Return the report as JSON values.

        ::

            {"name": str, "n": int, "inputs": str, "counted": str,
             "splits": {split: {"n": int, "classes": {class: count, ...}}, ...},
             "unreadable": [{"id": str, "reason": str}, ...],
             "problems": [{"id": str, "problem": str}, ...], "n_problems": int,
             "empty_classes": [class, ...], "single_item_classes": [class, ...],
             "exact_duplicates": {"n_pairs": int, "across_splits": int,
                                  "pairs": [[id, split, id, split], ...]},
             "near_duplicates": as for exact_duplicates,
             "conflicting_labels": [[id, class, id, class], ...],
             "sizes": {"min": [w, h], "median": [w, h], "max": [w, h], "distinct": int, "unit": str},
             "warnings": [str, ...]}

        The only split is ``""`` where the data name none and none was cut off. ``pairs``,
        ``problems`` and ``conflicting_labels`` hold 100 entries at most. Warnings are whole
        sentences, the gravest first; ids, class names and reasons come from the data and are not escaped.
        """
        return {
            "name": self.name,
            "n": self.n,
            "inputs": self.inputs,
            "counted": self.counted,
            "splits": {
                split: {
                    "n": self.items[split],
                    "classes": dict(zip(self.classes, counts, strict=True)),
                }
                for split, counts in self.counts.items()
            },
            "unreadable": [{"id": id_, "reason": reason} for id_, reason in self.unreadable],
            "problems": [{"id": id_, "problem": t} for id_, t in self.problems[:PAIRS_KEPT]],
            "n_problems": len(self.problems),
            "empty_classes": self.empty_classes,
            "single_item_classes": self.single_item_classes,
            "exact_duplicates": self.exact_duplicates.to_dict(),
            "near_duplicates": self.near_duplicates.to_dict(),
            "conflicting_labels": [list(pair) for pair in self.conflicting_labels[:PAIRS_KEPT]],
            "sizes": self.sizes.to_dict(),
            "warnings": list(self.warnings),
        }

    def save(self, path: Path) -> None:
        """Write the report as JSON."""
        write_json(path, self.to_dict())

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        classes = f", {len(self.classes)} classes" if self.classes else ""
        yield Text(f"{self.name}: {self.n} {self.inputs}{classes}", style="bold")
        yield self._table()
        yield Text(self.sizes.line, style="dim")
        for warning in self.warnings:
            yield Text(f"! {warning}", style="yellow")

    def _table(self) -> Table:
        other = self.counted != self.inputs
        table = Table()
        table.add_column(f"class ({self.counted})" if other else "class", overflow="fold")
        for split in self.counts:
            table.add_column(split or self.counted, justify="right")
        shown = range(len(self.classes))[:CLASSES_SHOWN]
        for i in shown:
            counts = (str(counts[i]) for counts in self.counts.values())
            table.add_row(Text(self.classes[i]), *counts)
        if len(self.classes) > len(shown):
            table.add_row(f"... {len(self.classes) - len(shown)} more", *("" for _ in self.counts))
        table.add_section()
        label = f"all {self.inputs}" if other else "all"
        table.add_row(label, *(str(self.items[split]) for split in self.counts), style="bold")
        return table

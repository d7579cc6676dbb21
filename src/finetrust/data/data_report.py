"""The data report: what is wrong with a data set, in numbers and in plain words."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from rich.console import Console, ConsoleOptions, RenderResult
from rich.table import Table
from rich.text import Text

from finetrust.core.atomic import write_json

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
    """Width and height of the images: the smallest, median and largest by area; how many differ."""

    min: tuple[int, int]
    median: tuple[int, int]
    max: tuple[int, int]
    distinct: int

    def to_dict(self) -> dict[str, Any]:
        """Return the sizes as JSON values."""
        sides = {name: list(getattr(self, name)) for name in ("min", "median", "max")}
        return {**sides, "distinct": self.distinct}


@dataclass(frozen=True)
class DataReport:
    """What the checks found.

    Parameters
    ----------
    name : str
    classes : tuple of str
    counts : mapping of str to tuple of int (classes,)
        Usable items of each class in each split; the key is ``""`` where no split is named.
    unreadable : list of (id, reason)
    exact_duplicates, near_duplicates : Pairs
        Every further exact copy is paired with the first one.
    conflicting_labels : tuple of (id, class, id, class)
        Copies, exact or near, with different labels.
    sizes : Sizes
    notes : tuple of str
        What the source left out.
    warnings : tuple of str
        What a reader must know, in whole sentences, the gravest first.
    """

    name: str
    classes: tuple[str, ...]
    counts: Mapping[str, tuple[int, ...]]
    unreadable: list[tuple[str, str]]
    exact_duplicates: Pairs
    near_duplicates: Pairs
    conflicting_labels: tuple[Pair, ...]
    sizes: Sizes
    notes: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()

    @property
    def n(self) -> int:
        """How many items are usable."""
        return sum(map(sum, self.counts.values()))

    @property
    def empty_classes(self) -> list[str]:
        """Classes without a usable item."""
        return self._classes_with(0)

    @property
    def single_item_classes(self) -> list[str]:
        """Classes with one usable item."""
        return self._classes_with(1)

    def _classes_with(self, count: int) -> list[str]:
        totals = map(sum, zip(*self.counts.values(), strict=True))
        return [name for name, total in zip(self.classes, totals, strict=True) if total == count]

    def to_dict(self) -> dict[str, Any]:
        """Return the report as JSON values.

        ::

            {"name": str, "n": int,
             "splits": {split: {"n": int, "classes": {class: count, ...}}, ...},
             "unreadable": [{"id": str, "reason": str}, ...],
             "empty_classes": [class, ...], "single_item_classes": [class, ...],
             "exact_duplicates": {"n_pairs": int, "across_splits": int,
                                  "pairs": [[id, split, id, split], ...]},
             "near_duplicates": as for exact_duplicates,
             "conflicting_labels": [[id, class, id, class], ...],
             "sizes": {"min": [w, h], "median": [w, h], "max": [w, h], "distinct": int},
             "warnings": [str, ...]}

        The only split is ``""`` where the data name none and none was cut off. ``pairs`` and
        ``conflicting_labels`` hold 100 entries at most. Warnings are whole sentences, the gravest
        first; ids, class names and reasons come from the data and are not escaped.
        """
        return {
            "name": self.name,
            "n": self.n,
            "splits": {
                split: {"n": sum(counts), "classes": dict(zip(self.classes, counts, strict=True))}
                for split, counts in self.counts.items()
            },
            "unreadable": [{"id": id_, "reason": reason} for id_, reason in self.unreadable],
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
        yield Text(f"{self.name}: {self.n} images, {len(self.classes)} classes", style="bold")
        yield self._table()
        yield Text(_sizes_line(self.sizes), style="dim")
        for warning in self.warnings:
            yield Text(f"! {warning}", style="yellow")

    def _table(self) -> Table:
        table = Table()
        table.add_column("class", overflow="fold")
        for split in self.counts:
            table.add_column(split or "images", justify="right")
        shown = range(len(self.classes))[:CLASSES_SHOWN]
        for i in shown:
            counts = (str(counts[i]) for counts in self.counts.values())
            table.add_row(Text(self.classes[i]), *counts)
        if len(self.classes) > len(shown):
            table.add_row(f"... {len(self.classes) - len(shown)} more", *("" for _ in self.counts))
        table.add_section()
        table.add_row("all", *(str(sum(counts)) for counts in self.counts.values()), style="bold")
        return table


def _sizes_line(sizes: Sizes) -> str:
    smallest, median, largest = (f"{w} x {h}" for w, h in (sizes.min, sizes.median, sizes.max))
    if sizes.distinct == 1:
        return f"All images have {median} pixels."
    return (
        f"Sizes from {smallest} over {median} (median) to {largest} pixels, "
        f"{sizes.distinct} different ones."
    )

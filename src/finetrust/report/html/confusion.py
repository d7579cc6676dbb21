"""Confusions: the matrix as a heat map, the most confused pairs, what each class is taken for."""

from collections.abc import Sequence
from dataclasses import dataclass

from markupsafe import Markup

from finetrust.report.numbers import SPACE, count, percent
from finetrust.report.plots.heat_map import LETTER, Cell, heat_map

PAIRS_SHOWN = 20

Counts = Sequence[Sequence[int]]


@dataclass(frozen=True)
class Confusion:
    """How often items of one class were taken for another."""

    target: str
    predicted: str
    n: int
    of: int


def confusion_map(classes: Sequence[str], counts: Counts, counted: str = "items") -> Markup:
    """Return the confusion matrix, coloured by the share of each true class.

    Parameters
    ----------
    classes : sequence of str
    counts : sequence of sequence of int (classes, classes)
        How often each target (row) was predicted as each class (column). Where a cell has no room
        for the largest one, percents of the row are written instead.
    counted : str
        The noun of what is counted.
    """
    size = _cell_size(len(classes))
    in_percent = needs_percents(counts)
    cells = [
        [_cell(classes, r, c, n, sum(row), in_percent) for c, n in enumerate(row)]
        for r, row in enumerate(counts)
    ]
    return heat_map(
        cells,
        rows=classes,
        columns=classes,
        title=f"Confusion matrix of {len(classes)} classes, in "
        + (f"percent of the {counted} of a true class" if in_percent else counted),
        row_label="true",
        column_label="predicted",
        size=size,
        slanted=any(len(name) > 4 for name in classes),
    )


def needs_percents(counts: Counts) -> bool:
    """Return whether the largest count has no room in its cell."""
    return LETTER * len(count(max(map(max, counts)))) > _cell_size(len(counts))[0] - 4


def confused_pairs(
    classes: Sequence[str], counts: Counts, most: int = PAIRS_SHOWN
) -> list[Confusion]:
    """Return the pairs of classes that were confused most often."""
    pairs = [
        Confusion(classes[r], classes[c], n, sum(row))
        for r, row in enumerate(counts)
        for c, n in enumerate(row)
        if n and r != c
    ]
    return sorted(pairs, key=lambda pair: (-pair.n, pair.of))[:most]


def most_often_taken_for(classes: Sequence[str], counts: Counts) -> dict[str, str]:
    """Return for each class the other one that it was predicted as most often, with how often."""
    taken = {}
    for r, row in enumerate(counts):
        n, c = max(((n, c) for c, n in enumerate(row) if c != r), default=(0, 0))
        taken[classes[r]] = f"{classes[c]} ({count(n)})" if n else ""
    return taken


def _cell(classes: Sequence[str], r: int, c: int, n: int, of: int, in_percent: bool) -> Cell:
    if not n:
        return Cell(None, "")
    verb = "recognised" if r == c else f"taken for {classes[c]}"
    hint = f"{classes[r]} {verb}: {count(n)} of {count(of)} ({percent(n / of)})"
    text = percent(n / of).removesuffix(f"{SPACE}%") if in_percent else count(n)
    # Errors are few where a model is good: the root lets single ones be seen.
    return Cell(n / of, text, hint) if r == c else Cell((n / of) ** 0.5, text, hint, "bad")


def _cell_size(n_classes: int) -> tuple[int, int]:
    width = max(34, min(48, 560 // n_classes))
    return width, round(width * 0.8)

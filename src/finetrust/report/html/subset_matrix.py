"""Matrices of many measures over the parts of the data: one row a measure, one column a part."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from finetrust.core.measure import Measure
from finetrust.report.names import is_part, subset_kind

FEW = 3
MOST_PARTS = 12


@dataclass(frozen=True)
class SubsetMatrix:
    """Many measures of one way to divide the data.

    Parameters
    ----------
    kind : str
        What the data were divided by.
    parts : sequence of Measure
        One of each part, whose name stands above its column.
    left_out : int
        How many more parts there are.
    rows : sequence of (str, sequence of Measure or None)
        Title of the measure, and its figures in the order of `parts`.
    """

    kind: str
    parts: Sequence[Measure]
    left_out: int
    rows: Sequence[tuple[str, Sequence[Measure | None]]]


def subset_matrices(measures: Iterable[Measure]) -> tuple[list[SubsetMatrix], list[Measure]]:
    """Return a matrix for each way to divide the data by which more than a few measures are known.

    Returns
    -------
    matrices : list of SubsetMatrix
    rest : list of Measure
        Those that stand in none.
    """
    rest: list[Measure] = []
    divided: dict[str, list[Measure]] = {}
    for measure in measures:
        (divided.setdefault(subset_kind(measure), []) if is_part(measure) else rest).append(measure)
    matrices = []
    for kind, members in divided.items():
        if len({m.name for m in members}) > FEW:
            matrices.append(_matrix(kind, members))
        else:
            rest += members
    return matrices, rest


def _matrix(kind: str, members: Sequence[Measure]) -> SubsetMatrix:
    parts = {m.subset: m for m in reversed(members)}
    shown = sorted(parts)[:MOST_PARTS]
    found = {(m.name, m.subset): m for m in members if m.applies}
    names = {m.name: m.title for m in members}
    return SubsetMatrix(
        kind,
        [parts[subset] for subset in shown],
        len(parts) - len(shown),
        [(title, [found.get((name, subset)) for subset in shown]) for name, title in names.items()],
    )

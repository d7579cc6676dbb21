"""Tables of one measure over parts of the data: classes, subgroups, kinds of disturbance."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from finetrust.core.measure import Measure
from finetrust.report.html.measure_bar import scale_of
from finetrust.report.names import subset_kind, subset_value, words

SHOWN = 25


@dataclass(frozen=True)
class SubsetTable:
    """One table, the weakest part first.

    Parameters
    ----------
    title, caption : str
    kind : str
        What the data were divided by.
    rows : sequence of (Measure, str or None)
        With what stands in the extra column.
    span : (float, float)
        Scale of the bars.
    extra_name : str
        Empty where there is no extra column.
    shown : int
        How many rows are not folded away.
    """

    title: str
    caption: str
    kind: str
    rows: Sequence[tuple[Measure, str | None]]
    span: tuple[float, float]
    extra_name: str = ""
    shown: int = SHOWN


def subset_tables(
    measures: Iterable[Measure],
    extras: Mapping[str, tuple[str, Mapping[str, str]]] | None = None,
) -> list[SubsetTable]:
    """Return one table for each measure and each way in which its data were divided.

    Parameters
    ----------
    measures : iterable of Measure
        Those without a subset are left out.
    extras : mapping of measure name to (column title, text by part), optional
    """
    divided: dict[tuple[str, str], list[Measure]] = {}
    for measure in measures:
        if measure.subset:
            divided.setdefault((measure.name, subset_kind(measure)), []).append(measure)
    several = {name for name, _ in divided if sum(n == name for n, _ in divided) > 1}
    return [
        _table(members, f": {words(kind)}" if name in several else "", (extras or {}).get(name))
        for (name, kind), members in divided.items()
    ]


def _table(
    members: list[Measure], suffix: str, extra: tuple[str, Mapping[str, str]] | None
) -> SubsetTable:
    first = members[0]
    order = 1 if first.better == "higher" else -1
    ordered = sorted(members, key=lambda m: (m.value is None, order * (m.value or 0.0), -m.n))
    name, texts = extra or ("", {})
    return SubsetTable(
        title=first.title + suffix,
        caption=f"Weakest first. {first.method}",
        kind=subset_kind(first),
        rows=[(m, texts.get(subset_value(m), "") if extra else None) for m in ordered],
        span=scale_of(members),
        extra_name=name,
    )

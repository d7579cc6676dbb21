"""Tables of one measure over parts of the data: classes, subgroups, kinds of disturbance."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from finetrust.core.measure import Measure
from finetrust.report.html.measure_bar import scale_of
from finetrust.report.names import subset_kind, subset_value
from finetrust.report.numbers import SPACE, quantity

SHOWN = 10
ZOOMS = (0.9, 0.8, 0.5)


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
    line : float or None
        The value of all the data, which the bars are compared with.
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
    line: float | None = None
    extra_name: str = ""
    shown: int = SHOWN


def subset_tables(
    measures: Iterable[Measure],
    extras: Mapping[str, tuple[str, Mapping[str, str]]] | None = None,
    whole: Mapping[str, float] | None = None,
) -> list[SubsetTable]:
    """Return one table for each measure and each way in which its data were divided.

    Parameters
    ----------
    measures : iterable of Measure
        Those without a subset are left out.
    extras : mapping of measure name to (column title, text by part), optional
    whole : mapping of measure name to float, optional
        The values of all the data, to compare the parts with.
    """
    divided: dict[tuple[str, str], list[Measure]] = {}
    for measure in measures:
        if measure.subset:
            divided.setdefault((measure.name, subset_kind(measure)), []).append(measure)
    several = {name for name, _ in divided if sum(n == name for n, _ in divided) > 1}
    several |= {name for (name, _), members in divided.items() if members[0].topic == "groups"}
    return [
        _table(
            members,
            f" by {kind.replace('_', ' ')}" if name in several else "",
            (extras or {}).get(name),
            (whole or {}).get(name),
        )
        for (name, kind), members in divided.items()
    ]


def _table(
    members: list[Measure],
    suffix: str,
    extra: tuple[str, Mapping[str, str]] | None,
    line: float | None,
) -> SubsetTable:
    first = members[0]
    order = 1 if first.better == "higher" else -1
    ordered = sorted(members, key=lambda m: (m.value is None, order * (m.value or 0.0), -m.n))
    name, texts = extra or ("", {})
    span = _zoomed(members, line)
    return SubsetTable(
        title=first.title + suffix,
        caption=_caption(first, span, line, len(members) > 1),
        kind=subset_kind(first),
        rows=[(m, texts.get(subset_value(m), "") if extra else None) for m in ordered],
        span=span,
        line=line,
        extra_name=name,
    )


def _zoomed(members: list[Measure], line: float | None) -> tuple[float, float]:
    """Return the scale of the bars; that of high shares does not start at 0."""
    low, high = scale_of(members)
    bounds = [b for m in members for b in (m.value, m.ci_low) if b is not None]
    lowest = min([*bounds, *([] if line is None else [line])], default=low)
    if (low, high) != (0.0, 1.0) or members[0].better == "lower":
        return low, high
    return next((start for start in ZOOMS if start <= lowest), low), high


def _caption(first: Measure, span: tuple[float, float], line: float | None, several: bool) -> str:
    told = ["Weakest first."] if several else []
    if line is not None:
        told.append(
            f"The thin line stands at the figure of all the data, {quantity(line, first.unit)}."
        )
    if span[0] and span[1] == 1.0:
        told.append(f"The bars run from {span[0] * 100:.0f} to 100{SPACE}%.")
    return " ".join(told)

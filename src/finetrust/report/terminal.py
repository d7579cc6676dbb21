"""The trust profile as a table for the terminal: axis by axis, with intervals and warnings."""

from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby

from rich.box import SIMPLE_HEAD
from rich.console import Group, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from finetrust.core.measure import AXES, Measure
from finetrust.core.profile import TrustProfile
from finetrust.report.absent import absent, left_out
from finetrust.report.alarms import alarms
from finetrust.report.details import part_told_of
from finetrust.report.judged import measures_of, noun_of
from finetrust.report.names import (
    AXIS_TITLES,
    is_part,
    model_title,
    printable,
    subset_kind,
    subset_name,
)
from finetrust.report.numbers import SPACE, count, counted, interval_of, value_of
from finetrust.report.topics import QUESTIONS, by_topic, primary, secondary

MOST_PARTS = 5
PARTS_SHOWN = 3
IN_FEW_LINES = ("stability", "interpretability")

Row = tuple[RenderableType, ...]


def profile_table(profile: TrustProfile) -> RenderableType:
    """Return the measures of a profile as a table of four columns, 80 characters wide or less.

    They stand under their axis and the question that they answer; of those for closer looks only the
    number is told. A measure with many parts, such as one a class, shows its weakest ones and how many
    more there are; of stability and interpretability, where every trial has parts, only the main one does.
    What does not apply is dim and says why, reason by reason; of measures that are made for other tasks
    only the number is told. Notes, and alarms about explanations, stand below as warnings.
    """
    table = Table(box=SIMPLE_HEAD, title=_title(profile), title_justify="left", pad_edge=False)
    table.add_column("measure", ratio=1, overflow="fold")
    for name in ("value", f"95{SPACE}% interval", "n"):
        table.add_column(name, justify="right", no_wrap=True)
    for axis in AXES:
        measures = measures_of(profile, axis)
        if measures:
            table.add_row(Text(AXIS_TITLES[axis], style="bold"))
            for row in _axis(_in_few_lines(measures) if axis in IN_FEW_LINES else measures):
                table.add_row(*row)
            table.add_section()
    others = left_out(profile.measures)
    rest = [Text(f"{others.subject} for other tasks left out.", style="dim")] if others else []
    warnings = [*profile.notes, *alarms(profile)]
    notes = [Text(f"! {printable(warning)}", style="yellow") for warning in warnings]
    return Group(table, *rest, *notes)


def _title(profile: TrustProfile) -> Text:
    data = profile.data
    split = f" {data['split']}" if data.get("split") else ""
    name = f"{model_title(profile.model)} on {data.get('name', 'unknown data')}"
    told = f"{name}: {count(data.get('n', 0))}{split} {noun_of(data)}"
    return Text(printable(told), style="bold")


def _in_few_lines(measures: Sequence[Measure]) -> list[Measure]:
    """Return the measures, the main one first, without the parts of all others."""
    main = measures[0].name
    return [m for m in measures if m.name == main or not m.subset]


def _axis(measures: Sequence[Measure]) -> Iterator[Row]:
    """Yield the rows of an axis; the questions are named where there are several."""
    shown = by_topic(primary(measures))
    asked = [topic for topic in shown if any(m.applies for m in shown[topic])]
    for topic in asked:
        if QUESTIONS[topic] and len(asked) > 1:
            yield (_indented(Text(QUESTIONS[topic], style="italic"), 2),)
        yield from _rows(shown[topic], 4 if len(asked) > 1 else 2)
    yield from _absent(primary(measures))
    more = len({m.name for m in secondary(measures) if m.applies})
    if more:
        told = counted(more, "more measure: see the report", "more measures: see the report")
        yield (_indented(Text(told, style="dim"), 2),)


def _rows(measures: Iterable[Measure], indent: int) -> Iterator[Row]:
    for _, same in groupby(measures, key=lambda measure: measure.name):
        members = [measure for measure in same if measure.applies]
        parts = [measure for measure in members if is_part(measure)]
        for whole in (measure for measure in members if not is_part(measure)):
            part = part_told_of(whole)
            yield _row(whole, f"{whole.title} ({part})" if part else whole.title, indent)
        if parts and len(parts) == len(members):
            yield (_indented(Text(printable(members[0].title)), indent),)
        for _, of_kind in groupby(parts, key=subset_kind):
            yield from _parts(list(of_kind), indent + 2)


def _parts(parts: list[Measure], indent: int) -> Iterator[Row]:
    shown = parts if len(parts) <= MOST_PARTS else _weakest(parts)
    for part in shown:
        yield _row(part, subset_name(part), indent)
    if len(parts) > len(shown):
        left = count(len(parts) - len(shown))
        yield (_indented(Text(f"... {left} more, none weaker", style="dim"), indent),)


def _row(measure: Measure, name: str, indent: int) -> Row:
    return (
        _indented(Text(printable(name)), indent),
        Text(value_of(measure)),
        Text(interval_of(measure), style="dim"),
        Text(count(measure.n), style="dim"),
    )


def _absent(measures: Iterable[Measure]) -> Iterator[Row]:
    for group in absent(measures):
        yield (_indented(Text(printable(f"{group.subject} {group.told}"), style="dim"), 2),)


def _indented(words: Text, indent: int) -> Padding:
    return Padding(words, (0, 0, 0, indent))


def _weakest(parts: list[Measure]) -> list[Measure]:
    sign = 1 if parts[0].better == "higher" else -1
    return sorted(parts, key=lambda m: (sign * (m.value or 0.0), -m.n))[:PARTS_SHOWN]

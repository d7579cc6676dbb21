"""The trust profile as a table for the terminal: axis by axis, with intervals and warnings."""

from collections.abc import Iterable, Iterator
from itertools import groupby

from rich.box import SIMPLE_HEAD
from rich.console import Group, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from finetrust.core.measure import AXES, Measure
from finetrust.core.profile import TrustProfile
from finetrust.report.absent import absent, left_out
from finetrust.report.judged import measures_of, noun_of
from finetrust.report.names import AXIS_TITLES, model_title, printable, subset_kind, subset_label
from finetrust.report.numbers import SPACE, count, interval_of, value_of

MOST_PARTS = 10
PARTS_SHOWN = 5


def profile_table(profile: TrustProfile) -> RenderableType:
    """Return the measures of a profile as a table of four columns, 80 characters wide or less.

    A measure with many parts, such as one a class, shows its weakest ones and how many more there
    are. What does not apply is dim and says why, reason by reason; of measures that are made for other
    tasks only the number is told. Notes stand below as warnings.
    """
    table = Table(box=SIMPLE_HEAD, title=_title(profile), title_justify="left", pad_edge=False)
    table.add_column("measure", ratio=1, overflow="fold")
    for name in ("value", f"95{SPACE}% interval", "n"):
        table.add_column(name, justify="right", no_wrap=True)
    for axis in AXES:
        measures = measures_of(profile, axis)
        if measures:
            table.add_row(Text(AXIS_TITLES[axis], style="bold"))
            for row in [*_rows(measures), *_absent(measures)]:
                table.add_row(*row)
            table.add_section()
    others = left_out(profile.measures)
    rest = [Text(f"{others.subject} for other tasks left out.", style="dim")] if others else []
    notes = [Text(f"! {printable(note)}", style="yellow") for note in profile.notes]
    return Group(table, *rest, *notes)


def _title(profile: TrustProfile) -> Text:
    data = profile.data
    split = f" {data['split']}" if data.get("split") else ""
    name = f"{model_title(profile.model)} on {data.get('name', 'unknown data')}"
    told = f"{name}: {count(data.get('n', 0))}{split} {noun_of(data)}"
    return Text(printable(told), style="bold")


def _rows(measures: Iterable[Measure]) -> Iterator[tuple[RenderableType, ...]]:
    for _, same in groupby(measures, key=lambda measure: measure.name):
        members = [measure for measure in same if measure.applies]
        parts = [measure for measure in members if measure.subset]
        for whole in (measure for measure in members if not measure.subset):
            yield _row(whole, whole.title, 2)
        if parts and len(parts) == len(members):
            yield (_indented(Text(members[0].title), 2),)
        shown = parts if len(parts) <= MOST_PARTS else _weakest(parts)
        for part in shown:
            yield _row(part, f"{subset_kind(part)} {subset_label(part)}", 4)
        if len(parts) > len(shown):
            left = count(len(parts) - len(shown))
            rest = Text(f"... {left} more, none weaker: see the report", style="dim")
            yield (_indented(rest, 4),)


def _row(measure: Measure, name: str, indent: int) -> tuple[RenderableType, ...]:
    return (
        _indented(Text(printable(name)), indent),
        Text(value_of(measure)),
        Text(interval_of(measure), style="dim"),
        Text(count(measure.n), style="dim"),
    )


def _absent(measures: Iterable[Measure]) -> Iterator[tuple[RenderableType, ...]]:
    for group in absent(measures):
        yield (_indented(Text(printable(f"{group.subject} {group.told}"), style="dim"), 2),)


def _indented(words: Text, indent: int) -> Padding:
    return Padding(words, (0, 0, 0, indent))


def _weakest(parts: list[Measure]) -> list[Measure]:
    sign = 1 if parts[0].better == "higher" else -1
    return sorted(parts, key=lambda m: (sign * (m.value or 0.0), -m.n))[:PARTS_SHOWN]

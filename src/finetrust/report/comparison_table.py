"""A comparison as tables for the terminal: one a run, and the items that flipped."""

from collections.abc import Iterator, Sequence

from rich.box import SIMPLE_HEAD
from rich.console import Group, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from finetrust.core.comparison import SHOWN_FLIPS, Comparison, Difference, Flips
from finetrust.report.comparison_words import caption, flipped, p_text, parts_first
from finetrust.report.names import printable, shortened
from finetrust.report.numbers import SPACE, count, quantity
from finetrust.report.signed import bare

ARROW = "\N{RIGHTWARDS ARROW}"
PARTS_SHOWN = 5
ID_LENGTH = 60
_WORDS = {"better": "better", "worse": "worse", "not shown": ""}
_STYLES = {"better": "green", "worse": "red", "not shown": "dim"}


def comparison_tables(comparison: Comparison) -> RenderableType:
    """Return one table a run, with the main measures and those of their parts that differ most."""
    blocks: list[RenderableType] = []
    for run in comparison.runs:
        blocks.append(_table(comparison, run))
        blocks += [_flips(f) for f in comparison.flips if f.run == run]
    notes = [Text(f"! {printable(note)}", style="yellow") for note in comparison.notes]
    return Group(*blocks, Text(caption(comparison), style="dim"), *notes)


def _table(comparison: Comparison, run: str) -> RenderableType:
    title = Text(printable(f"{run} against {comparison.reference}"), style="bold")
    table = Table(box=SIMPLE_HEAD, title=title, title_justify="left", pad_edge=False)
    table.add_column("measure", ratio=1, overflow="fold")
    for name in (f"reference {ARROW} run", f"difference (95{SPACE}%)", "p"):
        table.add_column(name, justify="right", no_wrap=True)
    table.add_column("", no_wrap=True)
    differences = comparison.of(run)
    shown = []
    for whole, parts in parts_first(d for d in differences if not d.secondary):
        changed = _most_different(parts)
        shown += [*whole, *changed]
        for difference in whole:
            table.add_row(*_row(difference, difference.title, 0))
        if changed and not whole:
            table.add_row(Text(printable(changed[0].title)))
        for difference in changed:
            table.add_row(*_row(difference, difference.subset.replace("=", " "), 2))
    more = len(differences) - len(shown)
    rest = f"{count(more)} more, of parts and details: --out DIR writes them all\n"
    return Group(table, Text(rest, style="dim")) if more else table


def _row(difference: Difference, name: str, indent: int) -> Iterator[RenderableType]:
    unit = difference.unit
    low, high = bare(difference.ci_low, unit), bare(difference.ci_high, unit)
    star = "" if difference.paired else "*"
    yield Padding(Text(printable(name)), (0, 0, 0, indent))
    before, after = (quantity(x, unit) for x in (difference.reference, difference.value))
    yield Text(f"{before.removesuffix(f'{SPACE}%')} {ARROW} {after}")
    yield Text(f"{bare(difference.difference, unit)} ({low} to {high}){star}")
    yield Text(p_text(difference.adjusted_p), style="dim")
    yield Text(_WORDS[difference.verdict], style=_STYLES[difference.verdict])


def _most_different(parts: Sequence[Difference]) -> list[Difference]:
    ordered = sorted(parts, key=lambda d: (d.p_value, -abs(d.difference)))
    return [d for d in ordered if d.verdict != "not shown"][:PARTS_SHOWN]


def _flips(flips: Flips) -> RenderableType:
    lines: list[RenderableType] = [Text(flipped(flips))]
    for name, ids in (("right to wrong", flips.lost), ("wrong to right", flips.won)):
        if ids:
            shown = ", ".join(shortened(i, ID_LENGTH) for i in ids[:SHOWN_FLIPS])
            more = f", ... {count(len(ids) - SHOWN_FLIPS)} more" if len(ids) > SHOWN_FLIPS else ""
            lines.append(Padding(Text(f"{name}: {shown}{more}", style="dim"), (0, 0, 0, 2)))
    return Group(*lines, Text(""))

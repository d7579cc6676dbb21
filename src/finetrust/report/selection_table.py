"""A selection as a table for the terminal."""

from collections.abc import Mapping
from typing import Any

from rich.box import SIMPLE_HEAD
from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from finetrust.report.names import printable
from finetrust.report.numbers import NOTHING, SPACE, count, interval, number, percent
from finetrust.selection.entry import Entry
from finetrust.selection.selection import Selection

MARK = "*"


def selection_table(selection: Selection) -> RenderableType:
    """Return the ranking: figures and costs of each candidate, and why it stands where it does.

    Candidates on the Pareto front bear a star. Those that were not examined stand below with the
    reason.
    """
    data = selection.data
    title = f"Models for {data['name']}: {count(data['n'])} training items"
    table = Table(
        box=SIMPLE_HEAD,
        title=Text(printable(title), style="bold"),
        title_justify="left",
        pad_edge=False,
        collapse_padding=True,
    )
    table.add_column("", justify="right", no_wrap=True)
    table.add_column("model", overflow="fold", ratio=1, min_width=14)
    for name in ("probe", "ECE", "moved", "near-OOD", "MB", "GFLOPs", "ms"):
        table.add_column(name, justify="right", no_wrap=True)
    examined = [entry for entry in selection.entries if entry.examined]
    for entry in examined:
        table.add_row(*_row(entry), style="" if entry.status == "ranked" else "dim")
    lines: list[RenderableType] = [table]
    lines += [_why(entry) for entry in examined]
    for entry in selection.entries:
        if not entry.examined:
            told = f"{entry.name}: {entry.status}: {entry.why}"
            lines.append(
                Text(printable(told), style="yellow" if entry.status == "failed" else "dim")
            )
    lines.append(Text(_legend(selection), style="dim"))
    return Group(*lines)


def figure_text(found: Mapping[str, Any] | None, share: bool) -> str:
    """Return a figure as text, or a dash where it does not apply."""
    if not found or found.get("value") is None:
        return NOTHING
    return percent(found["value"]) if share else f"{found['value']:.2f}"


def interval_text(found: Mapping[str, Any] | None, share: bool) -> str:
    """Return the interval of a figure as text, or a dash."""
    if not found or found.get("value") is None:
        return NOTHING
    return interval(found["low"], found["high"], "%" if share else "")


def _row(entry: Entry) -> tuple[str, ...]:
    result, cost = entry.result, entry.cost
    star = MARK if entry.pareto else ""
    return (
        f"{entry.rank}{star}",
        printable(entry.name),
        figure_text(result.get("accuracy"), True),
        figure_text(result.get("calibration_error"), True),
        figure_text(result.get("moved"), False),
        figure_text(result.get("near_ood"), False),
        f"{cost['megabytes']:.1f}",
        _small(cost["gflops"]),
        _small(cost["latency_ms"]),
    )


def _small(value: float) -> str:
    return f"{value:.1f}" if value >= 10 else number(value)


def _why(entry: Entry) -> Text:
    bounds = interval_text(entry.result.get("accuracy"), True)
    told = f"{entry.rank}. {entry.name} ({bounds}, n{SPACE}{count(entry.result['n'])}): {entry.why}"
    return Text(printable(told))


def _legend(selection: Selection) -> str:
    return (
        f"Ordered by the {selection.context['quality']}. {MARK} on the Pareto front: no other is "
        "clearly better in anything without being clearly worse in something. ECE: after temperature "
        "scaling. moved: how far features move when inputs are disturbed, in distances between two "
        "items. near-OOD: AUROC of telling a class never met. ms: one input on this machine."
    )

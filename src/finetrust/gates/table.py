"""Gates as a table for the terminal."""

from rich.box import SIMPLE_HEAD
from rich.console import Group, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from finetrust.gates.gate import GatesResult, Outcome
from finetrust.report.names import printable
from finetrust.report.numbers import NOTHING, SPACE, count, counted, interval, quantity
from finetrust.report.signed import signed, signed_interval

_STYLES = {"passed": "green", "failed": "red", "not shown": "yellow", "not applicable": "red"}


def gates_table(result: GatesResult) -> RenderableType:
    """Return one row a gate, and below the table why those that did not pass did not."""
    title = Text(headline(result), style="bold")
    table = Table(box=SIMPLE_HEAD, title=title, title_justify="left", pad_edge=False)
    table.add_column("measure", ratio=1, overflow="fold")
    table.add_column("required", overflow="fold")
    for name in ("measured", f"95{SPACE}% interval"):
        table.add_column(name, justify="right")
    table.add_column("outcome", no_wrap=True)
    for outcome in result.outcomes:
        value, between, _ = figures_of(outcome)
        table.add_row(
            Text(printable(outcome.key)),
            Text(printable(outcome.required)),
            Text(value),
            Text(between, style="dim"),
            Text(outcome.status, style=_STYLES[outcome.status]),
        )
    return Group(table, *(_said(outcome) for outcome in result.missed))


def headline(result: GatesResult) -> str:
    """Return in a few words how many gates are met."""
    met = len(result.outcomes) - len(result.missed)
    of_all = counted(len(result.outcomes), "gate", "gates")
    return f"All {of_all} passed" if result.passed else f"{count(met)} of {of_all} passed"


def figures_of(outcome: Outcome) -> tuple[str, str, str]:
    """Return what was judged, its interval and the number of items as text."""
    if outcome.value is None or outcome.ci_low is None or outcome.ci_high is None:
        return NOTHING, NOTHING, NOTHING
    low, high, unit = outcome.ci_low, outcome.ci_high, outcome.unit
    if outcome.is_gain:
        return signed(outcome.value, unit), signed_interval(low, high, unit), count(outcome.n)
    return quantity(outcome.value, unit), interval(low, high, unit), count(outcome.n)


def _said(outcome: Outcome) -> RenderableType:
    reason = f" Required because: {outcome.reason}" if outcome.reason else ""
    lead = Text(printable(f"{outcome.key}: "), style="bold")
    return Padding(lead.append(printable(outcome.said + reason), style="not bold"), (0, 0, 0, 2))

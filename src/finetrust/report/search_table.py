"""A search as a table for the terminal: its front, and the best of the other trials."""

from collections.abc import Iterator

from rich.box import SIMPLE_HEAD
from rich.console import Group, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from finetrust.report.names import printable
from finetrust.report.numbers import counted, interval, quantity
from finetrust.report.search_words import CAPTION, how_to_take, settings, summary, wanted
from finetrust.tuning.search.search import Search
from finetrust.tuning.search.trial import SearchTrial

OTHERS_SHOWN = 5


def search_table(search: Search) -> RenderableType:
    """Return the trials than which no other is better in everything, then the best others, dim."""
    notes = [Text(f"! {printable(note)}", style="yellow") for note in search.notes]
    if not search.finished:
        failed = [t for t in search.trials if t.state == "failed"]
        why = [Text(printable(f"Trial {t.number}: {t.reason}"), style="red") for t in failed[:5]]
        return Group(Text(summary(search)), *why, *notes)
    aim = "; ".join(wanted(objective) for objective in search.objectives)
    table = Table(
        box=SIMPLE_HEAD,
        title=Text(printable(aim), style="bold"),
        title_justify="left",
        pad_edge=False,
    )
    table.add_column("", justify="right", no_wrap=True)
    for objective in search.objectives:
        table.add_column(objective.key, justify="right", overflow="fold")
    table.add_column("trial", ratio=1, overflow="fold")
    best = search.best().number
    for trial in search.pareto:
        table.add_row(*_row(search, trial, "bold" if trial.number == best else ""))
    others = _others(search)
    if others:
        table.add_section()
    for trial in others[:OTHERS_SHOWN]:
        table.add_row(*_row(search, trial, "dim"))
    more = len(others) - OTHERS_SHOWN
    rest = [Text(f"{counted(more, 'more trial', 'more trials')}: see search.html", style="dim")]
    next_step = Text(f"Next: {printable(how_to_take(search))}", style="bold")
    lines = [*(rest if more > 0 else []), Text(summary(search)), Text(CAPTION, style="dim")]
    return Group(table, *lines, *notes, next_step)


def _others(search: Search) -> list[SearchTrial]:
    """Return the finished trials that are not on the front, best first by the first objective."""
    front = {trial.number for trial in search.pareto}
    first = search.objectives[0]
    others = [trial for trial in search.finished if trial.number not in front]
    return sorted(others, key=lambda t: (-first.gain(t.figures[first.key].value), t.number))


def _row(search: Search, trial: SearchTrial, style: str) -> Iterator[RenderableType]:
    yield Text(str(trial.number), style=style)
    for objective in search.objectives:
        figure, unit = trial.figures[objective.key], objective.definition.unit
        yield Group(
            Text(quantity(figure.value, unit), style=style),
            Text(interval(figure.ci_low, figure.ci_high, unit), style="dim"),
        )
    yield Group(
        Text(printable(trial.options["strategy"]), style=style),
        Padding(Text(printable(", ".join(settings(trial.options))), style="dim"), (0, 0, 0, 0)),
    )

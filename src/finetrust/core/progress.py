"""Progress bars with an estimate of the time left: on a terminal only, and silent when told so."""

import sys
from collections.abc import Callable, Iterable, Iterator, Sized
from contextlib import contextmanager
from contextvars import ContextVar
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from rich.progress import Progress

T = TypeVar("T")

_quiet: ContextVar[bool] = ContextVar("finetrust_quiet", default=False)
_bars: ContextVar["Progress | None"] = ContextVar("finetrust_bars", default=None)


@contextmanager
def quietly(quiet: bool = True) -> Iterator[None]:
    """Within this block no bar and no message is shown if `quiet`."""
    token = _quiet.set(quiet)
    try:
        yield
    finally:
        _quiet.reset(token)


def say(message: object) -> None:
    """Print a message or a rich renderable to standard error, unless quiet."""
    if _quiet.get():
        return
    from rich.console import Console

    Console(stderr=True, highlight=False).print(message)


def track(
    items: Iterable[T],
    label: str,
    total: float | None = None,
    weight: Callable[[T], float] | None = None,
) -> Iterator[T]:
    """Yield `items` behind a progress bar called `label`.

    A bar within the loop of another stands below it for as long as it lasts.

    Parameters
    ----------
    items : iterable
    label : str
    total : float, optional
        How many items there are, or their whole weight. [default: their number, where it is known]
    weight : callable, optional
        How far an item brings the bar. [default: 1 each]
    """
    if _quiet.get() or not sys.stderr.isatty():
        yield from items
        return
    if total is None and isinstance(items, Sized):
        total = len(items)
    with _progress() as progress:
        bar = progress.add_task(label, total=total)
        try:
            for item in items:
                yield item
                progress.advance(bar, 1 if weight is None else weight(item))
        finally:
            progress.remove_task(bar)


@contextmanager
def _progress() -> Iterator["Progress"]:
    """Yield the bars that are on the screen, or begin them."""
    shown = _bars.get()
    if shown is not None:
        yield shown
        return
    from rich.console import Console
    from rich.progress import (
        BarColumn,
        Progress,
        TaskProgressColumn,
        TextColumn,
        TimeRemainingColumn,
    )

    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        TaskProgressColumn(),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=Console(stderr=True), transient=True) as progress:
        token = _bars.set(progress)
        try:
            yield progress
        finally:
            _bars.reset(token)

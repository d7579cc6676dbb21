"""finetrust.report: the report and the model card of a run, as files for people."""

from collections.abc import Sequence
from pathlib import Path

from finetrust.api.run import Run, load
from finetrust.report.html import write_report
from finetrust.report.model_card import write_model_card


def report(run: Run | str | Path, *, beside: Sequence[Run | str | Path] = ()) -> Path:
    """Write ``report.html`` (one file, readable without a network) and ``model_card.md``.

    Parameters
    ----------
    run : Run, str or Path
        An evaluated run.
    beside : sequence of Run, str or Path
        Other evaluated runs to show next to it, e.g. the same network from scratch.

    Returns
    -------
    Path
        The report.

    Raises
    ------
    UserError
        If one of them is no finished run.
    """
    folder = _opened(run).folder
    others = [_opened(other).folder for other in beside]
    write_model_card(folder)
    return write_report(folder, others)


def _opened(run: Run | str | Path) -> Run:
    return run if isinstance(run, Run) else load(run)

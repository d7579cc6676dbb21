"""finetrust.take: train a point that a search has found, and judge it on test data, once."""

from dataclasses import replace
from pathlib import Path
from typing import Any

from torch import nn

from finetrust.api.run import Run
from finetrust.api.search_trial import items_of
from finetrust.api.tune import tune
from finetrust.config import flag_of
from finetrust.core.errors import UserError
from finetrust.core.progress import quietly, say
from finetrust.data.dataset import Dataset
from finetrust.models.preprocessing import Preprocessing
from finetrust.tuning.search.search import Search


def take(
    searched: Search | str | Path,
    trial: int | None = None,
    *,
    out: str | Path | None = None,
    model: nn.Module | None = None,
    data: Dataset | None = None,
    preprocessing: Preprocessing | None = None,
    quiet: bool = False,
) -> Run:
    """Train a point that a search has found, and judge it on test data, once.

    Parameters
    ----------
    searched : Search, str or Path
        A search, or its folder.
    trial : int, optional
        Its number. [default: the best one; of several objectives that of :meth:`Search.best`]
    out : str or Path, optional
        Run folder; a run that is there goes on. [default: ``final`` in the folder of the search]
    model, data, preprocessing : optional
        Where the search was given a module or a data set and no names.
    quiet : bool
        Show nothing.

    Returns
    -------
    Run

    Raises
    ------
    UserError
        If there is no such trial, or the data have no test split.
    """
    found = searched if isinstance(searched, Search) else Search.load(searched)
    chosen = found.best() if trial is None else found.trial(trial)
    folder = found.path / "final" if out is None else Path(out)
    others = sorted({final["trial"] for final in found.finals} - {chosen.number})
    options = found.config(chosen)
    if model is not None:
        options["model"] = model
    if data is not None:
        options["data"] = data
    with quietly(quiet):
        if others:
            say(
                f"Test data have already judged trial {', '.join(map(str, others))} of this search: "
                "choose between them by validation data, not by these figures."
            )
        run = tune(
            **options, preprocessing=preprocessing, out=str(folder), resume=True, quiet=quiet
        )
        if not run.folder.profile_file.exists():
            run.evaluate(None if data is None else items_of(run, data, "test"), quiet=quiet)
    final = {"trial": chosen.number, "run": str(folder)}
    if final not in found.finals:
        replace(found, finals=(*found.finals, final)).save()
    return run


def take_from_command(trial: str | None, final: Path | None, *, quiet: bool, **options: Any) -> Run:
    """Do what :func:`take` does, with what stands on the command line.

    Raises
    ------
    UserError
        If options of a search stand beside it, which would change nothing.
    """
    folder = options.pop("out", None)
    other = next((name for name, value in options.items() if value is not None), None)
    if folder is None or other is not None:
        flag = flag_of(str(other))
        lacking = "--out names no search" if folder is None else f"{flag} changes nothing there"
        raise UserError(
            f"--take trains a point of a search that is there, and {lacking}",
            "Write: finetrust search --out FOLDER --take NUMBER --final RUN.",
        )
    if trial in (None, "best"):
        return take(folder, out=final, quiet=quiet)
    if not str(trial).isdigit():
        raise UserError(f"--take '{trial}' is no trial", "Give its number, or best.")
    return take(folder, int(str(trial)), out=final, quiet=quiet)

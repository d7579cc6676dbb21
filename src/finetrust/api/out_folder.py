"""Where a run is written: a fresh folder, or that of the very run that is to go on."""

import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from finetrust.core.errors import UserError
from finetrust.core.run_folder import RunFolder

_FREE_TO_CHANGE = {"out", "workers"}


def open_folder(path: Path, config: Mapping[str, Any], resume: bool) -> RunFolder:
    """Return the run folder at `path`, which is not written to yet.

    Raises
    ------
    UserError
        If the folder cannot be written, holds something else, holds another run, or the options
        of the run to resume differ from `config`.
    """
    folder = RunFolder(path)
    if _is_free(folder):
        return folder
    if not resume:
        raise UserError(
            f"{path} holds another run",
            "Choose another folder with --out, or go on with that run: --resume.",
        )
    before = folder.config
    changed = [
        key
        for key, value in config.items()
        if key not in _FREE_TO_CHANGE and _plain(value) != _plain(before.get(key))
    ]
    if changed:
        key = changed[0]
        raise UserError(
            f"{path}: the run to resume has {key}={before.get(key)!r}, not {config[key]!r}",
            "Resume with the same options (or with --out and --resume alone), or choose another --out.",
        )
    return folder


def new_folder(path: Path) -> RunFolder:
    """Return the folder for a run that is made in one go; it is not written to yet.

    Raises
    ------
    UserError
        If the folder cannot be written, or holds anything.
    """
    folder = RunFolder(path)
    if not _is_free(folder):
        raise UserError(f"{path} holds another run", "Choose another folder with --out.")
    return folder


def open_evaluation(path: Path) -> RunFolder:
    """Return the folder for an evaluation: a new one, or that of an earlier evaluation.

    Raises
    ------
    UserError
        If the folder cannot be written, holds something else, or holds a run that was tuned.
    """
    folder = RunFolder(path)
    check_writable(path)
    if _is_empty(path) or (folder.record_file.exists() and not folder.log_file.exists()):
        return folder
    raise UserError(
        f"{path} holds something else than an evaluation", "Choose another folder with --out."
    )


def _is_free(folder: RunFolder) -> bool:
    """Return whether nothing is there yet, and not a run; raise UserError for anything else."""
    check_writable(folder.path)
    if _is_empty(folder.path):
        return True
    if not folder.config_file.exists():
        raise UserError(
            f"{folder.path} holds other files and no run",
            "Choose an empty or new folder with --out.",
        )
    return False


def check_writable(path: Path) -> None:
    """Raise UserError unless a folder at `path` can be written, which need not be there yet."""
    if path.exists() and not path.is_dir():
        raise UserError(f"{path} is a file", "Choose another folder with --out.")
    parent = next(p for p in (path, *path.absolute().parents) if p.exists())
    try:
        with tempfile.TemporaryFile(dir=parent):
            pass
    except OSError as error:
        raise UserError(
            f"{path} cannot be written ({error.strerror})", "Choose another folder with --out."
        ) from error


def _is_empty(path: Path) -> bool:
    """Whether there is nothing but what a killed write left behind."""
    return not path.exists() or all(
        p.name.startswith(".") and p.suffix == ".tmp" for p in path.iterdir()
    )


def _plain(value: Any) -> Any:
    return list(value) if isinstance(value, tuple) else value

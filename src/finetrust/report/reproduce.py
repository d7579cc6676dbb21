"""The command lines that make a run and its evaluation again."""

import shlex
from typing import Any

from finetrust.config import flag_of
from finetrust.report.report_data import ReportData


def evaluation_command(data: ReportData) -> str:
    """Return the command that evaluates a run for the first time."""
    return f"finetrust evaluate {shlex.quote(data.path)}"


def commands(data: ReportData) -> list[str]:
    """Return the commands, one a line, with every name quoted for a shell."""
    config = shlex.quote(f"{data.path.rstrip('/')}/config.yaml")
    if not data.tuned:
        return [f"finetrust evaluate --config {config} --out NEW_FOLDER"] if data.config else []
    tuned = f"finetrust tune --config {config} --out NEW_FOLDER"
    again = data.record.get("command") or tuned
    if data.profile is None:
        return [again]
    given = data.profile.context.get("options", {})
    options = [f"{flag_of(key)} {_word(value)}" for key, value in given.items()]
    return [again, " ".join(["finetrust evaluate NEW_FOLDER", *options])]


def _word(value: Any) -> str:
    listed = value if isinstance(value, list) else [value]
    return shlex.quote(",".join(map(str, listed)))

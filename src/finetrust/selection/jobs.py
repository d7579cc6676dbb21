"""One examination each: what it is of, where its result goes, and what carries several out."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import numpy as np

from finetrust.core.atomic import write_json
from finetrust.core.errors import UserError
from finetrust.models.reason import reason
from finetrust.selection.candidate import Candidate
from finetrust.selection.examination import Setting, examine


@dataclass(frozen=True, eq=False)
class Job:
    """One examination.

    Parameters
    ----------
    candidate : Candidate
    rows : int64 array
        Of the training items.
    whole : bool
        Whether all figures are wanted.
    file : Path
        Where the result goes: ``{"result": ...}``, or ``{"failure": ...}`` beside it.
    """

    candidate: Candidate
    rows: np.ndarray
    whole: bool
    file: Path

    @property
    def failure_file(self) -> Path:
        return self.file.with_suffix(".failed.json")


class Workers(Protocol):
    """What carries examinations out."""

    @property
    def at_a_time(self) -> int:
        """How many at a time."""
        ...

    @property
    def elsewhere(self) -> bool:
        """Whether in other processes than this one, which the setting must reach."""
        ...

    def run(self, jobs: Sequence[Job], setting: Setting) -> Iterator[tuple[Job, dict[str, Any]]]:
        """Yield the jobs with what came of them, as they are done; results are then in their files.

        Nothing more is started once the caller stops asking; what is running is then ended.
        """
        ...


def found_of(job: Job, setting: Setting) -> dict[str, Any]:
    """Examine a candidate in this process; return its result, or why there is none."""
    try:
        return {"result": examine(job.candidate, setting, job.rows, job.whole)}
    except Exception as error:
        return failure(error)


def kept(job: Job, found: dict[str, Any]) -> dict[str, Any]:
    """Write a result to the file of its job; a failure is not, so that it is tried again."""
    if "result" in found:
        try:
            write_json(job.file, found)
        except Exception as error:
            return failure(error)
    return found


def failure(error: BaseException) -> dict[str, Any]:
    """Return an error as what came of a job."""
    return {"failure": why(error)}


def why(error: BaseException) -> str:
    """Return in one phrase what went wrong, with the mend where there is one."""
    if isinstance(error, UserError):
        return f"{error.found.rstrip('.')} ({error.mend.rstrip('.')})"
    return f"{type(error).__name__}: {reason(error)}"

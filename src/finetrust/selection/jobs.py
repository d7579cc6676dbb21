"""Examinations in processes of their own, a few at a time; each result is a file as soon as it is there.

A process that dies, of a model's own code or for want of memory, takes nothing with it but its candidate.
"""

import json
import multiprocessing
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from multiprocessing.connection import wait
from pathlib import Path
from typing import Any

import numpy as np
import torch

from finetrust.core.atomic import write_json
from finetrust.core.errors import UserError
from finetrust.core.progress import quietly
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


def run_here(job: Job, setting: Setting) -> dict[str, Any]:
    """Examine a candidate in this process; return its result, or why there is none.

    Parameters
    ----------
    job : Job
        A result is written to its file; a failure is not, so that it is tried again.
    setting : Setting
    """
    try:
        found = {"result": examine(job.candidate, setting, job.rows, job.whole)}
        write_json(job.file, found)
    except UserError as error:
        return {"failure": error.found}
    except Exception as error:
        return {"failure": f"{type(error).__name__}: {reason(error)}"}
    return found


def run_jobs(
    jobs: Sequence[Job], setting: Setting, processes: int
) -> Iterator[tuple[Job, dict[str, Any]]]:
    """Yield the jobs with what came of them, as they are done.

    Nothing more is started once the caller stops asking; what is running is then ended.

    Parameters
    ----------
    jobs : sequence of Job
    setting : Setting
        Can be pickled where there are several processes.
    processes : int
        With 1, all is done in this process.
    """
    if processes == 1 or len(jobs) == 1:
        for job in jobs:
            yield job, run_here(job, setting)
        return
    context = multiprocessing.get_context("spawn")
    threads = max(1, torch.get_num_threads() // processes)
    left = list(jobs)
    running: dict[Any, tuple[Any, Job]] = {}
    try:
        while left or running:
            while left and len(running) < processes:
                job = left.pop(0)
                for stale in (job.file, job.failure_file):
                    stale.unlink(missing_ok=True)
                process = context.Process(target=_child, args=(job, setting, threads), daemon=False)
                process.start()
                running[process.sentinel] = process, job
            for sentinel in wait(list(running)):
                process, job = running.pop(sentinel)
                process.join()
                yield job, _outcome(job, process.exitcode)
    finally:
        for process, _ in running.values():
            process.terminate()
            process.join()


def _child(job: Job, setting: Setting, threads: int) -> None:
    torch.set_num_threads(threads)
    with quietly():
        found = run_here(job, setting)
    if "failure" in found:
        write_json(job.failure_file, found)


def _outcome(job: Job, code: int | None) -> dict[str, Any]:
    for file in (job.file, job.failure_file):
        if file.exists():
            found = json.loads(file.read_text(encoding="utf-8"))
            job.failure_file.unlink(missing_ok=True)
            return found
    died = f"signal {-code}" if code is not None and code < 0 else f"code {code}"
    return {"failure": f"its process ended with {died}, maybe for want of memory"}

"""Examinations in processes of their own, a few at a time; each result is a file as soon as it is there.

A process that dies, of a model's own code or for want of memory, takes nothing with it but its candidate.
"""

import json
import multiprocessing
import signal
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from multiprocessing import resource_tracker
from multiprocessing.connection import wait
from typing import Any

import torch

from finetrust.core.atomic import write_json
from finetrust.core.progress import quietly
from finetrust.selection.examination import Setting
from finetrust.selection.jobs import Job, found_of, kept


@dataclass(frozen=True)
class Processes:
    """Processes of this machine.

    Parameters
    ----------
    at_a_time : int
        With 1, all is done in this process.
    """

    at_a_time: int

    @property
    def elsewhere(self) -> bool:
        """Whether a setting has to be pickled."""
        return self.at_a_time > 1

    def run(self, jobs: Sequence[Job], setting: Setting) -> Iterator[tuple[Job, dict[str, Any]]]:
        """Yield the jobs with what came of them, as they are done."""
        if self.at_a_time == 1 or len(jobs) == 1:
            for job in jobs:
                yield job, kept(job, found_of(job, setting))
            return
        context = multiprocessing.get_context("spawn")
        threads = max(1, torch.get_num_threads() // self.at_a_time)
        left = list(jobs)
        running: dict[Any, tuple[Any, Job]] = {}
        try:
            while left or running:
                while left and len(running) < self.at_a_time:
                    job = left.pop(0)
                    for stale in (job.file, job.failure_file):
                        stale.unlink(missing_ok=True)
                    process = context.Process(
                        target=_child, args=(job, setting, threads), daemon=False
                    )
                    with _no_interrupt():
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


@contextmanager
def _no_interrupt() -> Iterator[None]:
    """Keep Ctrl-C from what is started meanwhile, from its first moment on: who started it ends it."""
    if not hasattr(signal, "pthread_sigmask"):
        yield
        return
    # Were it started with the first process, it would let Ctrl-C through again.
    resource_tracker.ensure_running()
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _child(job: Job, setting: Setting, threads: int) -> None:
    torch.set_num_threads(threads)
    with quietly():
        found = kept(job, found_of(job, setting))
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

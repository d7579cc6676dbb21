"""Examinations over Ray: on this machine, or on every machine of a cluster (extra ``ray``).

What a worker finds comes back to this process, which writes it: the workers need no folder of ours, but
they must be able to read the data and the models under the same paths.
"""

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from types import ModuleType
from typing import Any

import torch

from finetrust.core.errors import UserError
from finetrust.core.progress import quietly
from finetrust.models.reason import reason
from finetrust.selection.examination import Setting
from finetrust.selection.jobs import Job, failure, found_of, kept

LOCAL = "local"
"""The address that starts Ray on this machine, for as long as the selection takes."""


def ray_library() -> ModuleType:
    """Return the module.

    Raises
    ------
    UserError
        If it is not installed; the extra is named.
    """
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
    try:
        import ray
    except ImportError as error:
        raise UserError(
            "--ray needs Ray, which is not installed", "pip install 'finetrust[ray]'"
        ) from error
    return ray


@contextmanager
def ray_cluster(address: str, jobs: int | None) -> Iterator["RayCluster"]:
    """Yield the workers of a cluster, which is left at the end; one joined before is used, and stays.

    Parameters
    ----------
    address : str
        ``local``, ``auto`` for the one that runs on this machine, ``HOST:PORT`` or
        ``ray://HOST:PORT``.
    jobs : int or None
        How many examinations at a time. [default: one for every CPU]

    Raises
    ------
    UserError
        If Ray is not installed, or cannot be reached.
    """
    ray = ray_library()
    ours = not ray.is_initialized()
    if ours:
        _join(ray, address)
    try:
        cpus = sum(_cpus_of_machines(ray))
        yield RayCluster(ray, jobs or cpus)
    finally:
        if ours:
            ray.shutdown()


def _join(ray: ModuleType, address: str) -> None:
    of_start = {"include_dashboard": False} if address == LOCAL else {}
    try:
        ray.init(address=address, log_to_driver=False, logging_level="error", **of_start)
    except Exception as error:
        raise UserError(
            f"--ray {address}: Ray cannot be reached ({reason(error)})",
            "Start it (ray start --head), give HOST:PORT of one that runs, or --ray local.",
        ) from error


def _cpus_of_machines(ray: ModuleType) -> list[int]:
    machines = [node["Resources"].get("CPU", 0) for node in ray.nodes() if node["Alive"]]
    return [int(cpus) for cpus in machines if cpus >= 1] or [1]


@dataclass(frozen=True, eq=False)
class RayCluster:
    """A cluster that this process has joined.

    Parameters
    ----------
    ray : module
    at_a_time : int
        At most so many examinations; each takes its share of the CPUs, and a GPU where the models run
        on one.
    """

    ray: ModuleType
    at_a_time: int
    elsewhere: bool = True

    def run(self, jobs: Sequence[Job], setting: Setting) -> Iterator[tuple[Job, dict[str, Any]]]:
        """Yield the jobs with what came of them, as they are done."""
        if not jobs:
            return
        ray = self.ray
        cpus = self._cpus_each(len(jobs))
        kind = torch.device(setting.device).type
        examine = ray.remote(num_cpus=cpus, num_gpus=int(kind == "cuda"), max_retries=0)(_there)
        shared = ray.put(replace(setting, device=kind))
        left = list(jobs)
        running: dict[Any, Job] = {}
        try:
            while left or running:
                while left and len(running) < self.at_a_time:
                    job = left.pop(0)
                    running[examine.remote(job, shared, cpus, str(Path.cwd()))] = job
                done, _ = ray.wait(list(running))
                for task in done:
                    job = running.pop(task)
                    yield job, kept(job, self._outcome(task))
        finally:
            for task in running if ray.is_initialized() else ():
                ray.cancel(task, force=True)

    def _cpus_each(self, n: int) -> int:
        machines = _cpus_of_machines(self.ray)
        return max(1, min(max(machines), sum(machines) // min(self.at_a_time, n)))

    def _outcome(self, task: Any) -> dict[str, Any]:
        errors = self.ray.exceptions
        try:
            return self.ray.get(task)
        except (errors.WorkerCrashedError, errors.OutOfMemoryError):
            return {"failure": "its process ended, maybe for want of memory"}
        except errors.RayError as error:
            return failure(getattr(error, "cause", None) or error)


def _there(job: Job, setting: Setting, threads: int, folder: str) -> dict[str, Any]:
    if Path(folder).is_dir():
        os.chdir(folder)  # paths may be relative to it
    torch.set_num_threads(threads)
    with quietly():
        return found_of(job, setting)

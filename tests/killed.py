"""Runs in processes of their own that tests kill; each is forked from one that has imported everything."""

import json
import multiprocessing
import random
import signal
import time
from collections.abc import Callable
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Any

from finetrust.tuning.checkpoint import read_position

_CONTEXT = multiprocessing.get_context("forkserver")
_CONTEXT.set_forkserver_preload(
    ["accelerate", "pandas", "sklearn", "timm", "torchvision", "transformers", "finetrust.api.tune"]
)


def started(run: Callable[..., Any], *arguments: Any, **options: Any) -> BaseProcess:
    """Return a process that calls a function with what is given."""
    process = _CONTEXT.Process(target=run, args=arguments, kwargs=options)
    process.start()
    return process


def finish(process: BaseProcess) -> None:
    """Wait for a process that ends well."""
    process.join()
    assert process.exitcode == 0


def kill_at(process: BaseProcess, out: Path, goal: tuple[int, int]) -> None:
    """Kill a process a random moment after its run has come to a phase and a step of it."""
    while process.exitcode is None and steps_done(out) < goal:
        time.sleep(0.002)
    time.sleep(random.uniform(0, 0.05))
    process.kill()
    process.join()
    assert process.exitcode == -signal.SIGKILL
    assert not (out / "model").exists(), "it was finished before it was killed"


def kill_after(process: BaseProcess, out: Path, steps: int) -> None:
    """Kill a process a random moment after its run got `steps` further, or into the next phase."""
    phase, step = steps_done(out)
    kill_at(process, out, (phase, step + steps))


def steps_done(out: Path) -> tuple[int, int]:
    """Return the phase that a run is in and the steps of it that its last checkpoint holds."""
    try:
        found = read_position(out / "checkpoints")
    except (OSError, ValueError):
        return 0, 0
    return (found[1].phase, found[1].step) if found else (0, 0)


def logged(run: Path) -> list[dict[str, Any]]:
    """Return the lines of a log without what a clock says."""
    lines = map(json.loads, (run / "log.jsonl").read_text(encoding="utf-8").splitlines())
    return [{key: value for key, value in line.items() if key != "seconds"} for line in lines]

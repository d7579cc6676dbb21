"""Holding trials: what they cost, told before they start, and every step kept as it is finished."""

import hashlib
import json
import shutil
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from finetrust import __version__
from finetrust.config import EvaluateOptions
from finetrust.core.atomic import write_json
from finetrust.core.errors import NotApplicable, UserError
from finetrust.core.predictions import Predictions
from finetrust.core.progress import say, track
from finetrust.models.tree import Tree, leaves, mapped
from finetrust.models.weights_file import sha256_of_tensors
from finetrust.report.numbers import duration
from finetrust.tasks.task import Task
from finetrust.trust.trials.bench import Bench
from finetrust.trust.trials.trial import Step, Trial, trials

_TIMED = 16


@dataclass(frozen=True)
class Held:
    """What the trials found.

    Parameters
    ----------
    tables : mapping of str to mapping of str to Predictions
        By trial and step.
    untried : mapping of str to str
        Why a trial was not held.
    seconds : mapping of str to float
        What each trial took, in this run of the program or an earlier one.
    """

    tables: Mapping[str, Mapping[str, Predictions]]
    untried: Mapping[str, str]
    seconds: Mapping[str, float]


def chosen_trials(names: Sequence[str] | None, effort: str) -> dict[str, Trial]:
    """Return the trials that the user names, or those of the effort, each behind those it reads from.

    An unknown one is an error.
    """
    if names is None:
        asked = [name for name, trial in trials.items() if effort in trial.efforts]
    else:
        asked = [name for name in names if name != "none"]
    ordered: dict[str, Trial] = {}

    def add(name: str) -> None:
        trial = trials.get(name)
        for other in trial.after:
            add(other)
        ordered.setdefault(name, trial)

    for name in asked:
        add(name)
    return ordered


def check_options(options: EvaluateOptions, task: Task) -> None:
    """Raise UserError for an unknown trial or a wrong option of one, before any long work starts."""
    for trial in chosen_trials(options.trials, options.effort).values():
        trial.check(options, task)


def plan_trials(bench: Bench) -> tuple[dict[str, Sequence[Step]], dict[str, str]]:
    """Return the steps of every trial that is to be held, and why others are not."""
    plans: dict[str, Sequence[Step]] = {}
    untried = {
        name: f"it is held at effort {' or '.join(trial.efforts)}, or by --trials {name}"
        if trial.efforts
        else "it was not asked for"
        for name, trial in trials.items()
    }
    for name, trial in chosen_trials(bench.options.trials, bench.options.effort).items():
        try:
            lacking = next((other for other in trial.after if other not in plans), None)
            if lacking is not None:
                raise NotApplicable(untried[lacking])
            plans[name] = trial.plan(bench)
        except NotApplicable as reason:
            untried[name] = str(reason)
        else:
            del untried[name]
    return plans, untried


def hold_trials(bench: Bench, folder: Path) -> Held:
    """Hold all trials that apply; a step that an earlier run has finished is not run again.

    Parameters
    ----------
    bench : Bench
    folder : Path
        Gets ``TRIAL/STEP.parquet``, one by one, and ``steps.json``.
    """
    plans, untried = plan_trials(bench)
    store = _Store(folder, _identity(bench), plans)
    todo = [
        (name, step) for name, steps in plans.items() for step in steps if not store.has(name, step)
    ]
    if todo:
        _say_cost(bench, todo, sum(map(len, plans.values())))
    for name, steps in plans.items():
        done = [step for step in steps if store.has(name, step)]
        bench.found[name] = {step.name: store.load(name, step) for step in done}
    weights = {id(step): _weight(step) for _, step in todo}
    bar = track(todo, "trials", sum(weights.values()), lambda job: weights[id(job[1])])
    for name, step in bar:
        start = time.perf_counter()
        table = replace(step.run(), perturbation=step.name, split=bench.clean.split)
        store.keep(name, step, table, time.perf_counter() - start)
        bench.found[name][step.name] = store.load(name, step)
    tables = {
        name: {step.name: bench.found[name][step.name] for step in steps}
        for name, steps in plans.items()
        if steps
    }
    return Held(tables, untried, store.seconds())


class _Store:
    """Finished steps on disk, each with the mark of all that it depends on.

    Tables of steps that are not planned are removed: none of them belongs to this evaluation.
    """

    def __init__(self, folder: Path, identity: str, plans: Mapping[str, Sequence[Step]]) -> None:
        self._folder, self._identity, self._plans = folder, identity, plans
        self._file = folder / "steps.json"
        try:
            self._steps: dict[str, Any] = json.loads(self._file.read_text(encoding="utf-8"))
        except FileNotFoundError:
            self._steps = {}
        except (OSError, ValueError) as error:
            raise UserError(
                f"{self._file}: cannot be read ({error})",
                "Delete it; all steps are run again then.",
            ) from error
        self._drop_unplanned()

    def has(self, trial: str, step: Step) -> bool:
        kept = self._steps.get(f"{trial}/{step.name}", {})
        return kept.get("key") == self._key(trial, step) and self._table(trial, step).exists()

    def load(self, trial: str, step: Step) -> Predictions:
        return Predictions.load(self._table(trial, step))

    def keep(self, trial: str, step: Step, table: Predictions, seconds: float) -> None:
        table.save(self._table(trial, step))
        self._steps[f"{trial}/{step.name}"] = {
            "key": self._key(trial, step),
            "seconds": round(seconds, 3),
        }
        write_json(self._file, self._steps)

    def seconds(self) -> dict[str, float]:
        return {
            name: round(sum(self._steps[f"{name}/{step.name}"]["seconds"] for step in steps), 2)
            for name, steps in self._plans.items()
        }

    def _drop_unplanned(self) -> None:
        planned = {(name, step.name) for name, steps in self._plans.items() for step in steps}
        for trial in {path.parent for path in self._folder.glob("*/*.parquet")}:
            for file in trial.glob("*.parquet"):
                if (trial.name, file.stem) not in planned:
                    file.unlink()
            if not any(trial.iterdir()):
                shutil.rmtree(trial)
        names = {f"{trial}/{step}" for trial, step in planned}
        self._steps = {name: kept for name, kept in self._steps.items() if name in names}

    def _table(self, trial: str, step: Step) -> Path:
        return self._folder / trial / f"{step.name}.parquet"

    def _key(self, trial: str, step: Step) -> str:
        read = {
            f"{other}/{earlier.name}": self._key(other, earlier)
            for other in trials.get(trial).after
            for earlier in self._plans[other]
        }
        before = self._plans[trial][: self._plans[trial].index(step)] if step.reads else ()
        read |= {earlier.name: self._key(trial, earlier) for earlier in before}
        settings = json.dumps([self._identity, step.name, step.settings, read], sort_keys=True)
        return hashlib.sha256(settings.encode()).hexdigest()


def _identity(bench: Bench) -> str:
    """Return a mark of the model, the items with their targets, the sample and the seed."""
    parts = [
        __version__,
        bench.inference.key,
        sha256_of_tensors(bench.inference.head.state_dict()),
        bench.dataset.fingerprint,
        *bench.dataset.ids,
        *(bench.task.label(target, bench.classes) for target in bench.dataset.targets),
        repr(bench.effort),
        str(bench.seed),
    ]
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()


def _weight(step: Step) -> float:
    """Return the cost of a step in passes forward; one forward and back counts as three."""
    return 1 + step.forward + 3 * step.backward


def _say_cost(bench: Bench, todo: Sequence[tuple[str, Step]], planned: int) -> None:
    forward = sum(step.forward for _, step in todo)
    backward = sum(step.backward for _, step in todo)
    each, back = _seconds_a_pass(bench, backward > 0)
    passes = f"{forward:,} passes"
    if backward:
        passes += f" and {backward:,} with gradients"
    rest = f" ({planned - len(todo)} of {planned} steps are done already)"
    say(
        f"Trials, effort {bench.effort.name}: {passes} through the network, about "
        f"{duration(forward * each + backward * back)} here"
        f"{rest if len(todo) < planned else ''}."
    )


def _seconds_a_pass(bench: Bench, with_gradients: bool) -> tuple[float, float]:
    """Return the seconds of one item forward, and forward and back, measured on made-up inputs."""
    inference, network = bench.inference, bench.network
    inputs = inference.preprocessing.example(min(_TIMED, inference.batch_size))
    inputs = mapped(lambda tensor: tensor.to(inference.device), inputs)
    n = min(_TIMED, inference.batch_size)
    forward = _shortest(lambda: leaves(inference(inputs))[0].sum().item()) / n
    if not (with_gradients and isinstance(inputs, Tensor)):
        return forward, 3 * forward

    def both(pixels: Tensor = inputs) -> float:
        pixels = pixels.detach().requires_grad_(True)
        total = _total(network(pixels))
        return float(torch.autograd.grad(total, pixels)[0].sum())

    return forward, _shortest(both) / n


def _total(outputs: Tree) -> Tensor:
    return torch.stack([leaf.float().sum() for leaf in leaves(outputs)]).sum()


def _shortest(work: Any, rounds: int = 2) -> float:
    times = []
    for _ in range(rounds):
        start = time.perf_counter()
        work()
        times.append(time.perf_counter() - start)
    return min(times)

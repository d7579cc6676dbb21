"""The time of a step of full fine-tuning against a bare PyTorch loop on the same batches, for any task.

Both do the same arithmetic: forward, loss, backward, gradient clipping, AdamW with a schedule. They take
turns step by step in one process, so that the drift of a busy machine meets both; the ratio is that of
the medians. Decoding is not counted: the batches are ready.

    python benchmarks/step_overhead.py --data digits --model resnet50 --input-size 96 --weights random
    python benchmarks/step_overhead.py --data ../shared/data/bccd --model FILE.py:FUNCTION --additions ema,sam

Then the same with each addition in turn: how many times a plain step it takes, both by the bare loop
beside them. What is done once an epoch (swa's pass over the training data) is not counted.

Every option of ``finetrust tune`` can be given as ``--option value``.
"""

import argparse
import dataclasses
import itertools
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import torch
from torch import nn

from finetrust.config import TuneOptions, make_options
from finetrust.core.progress import quietly
from finetrust.core.run_folder import RunFolder
from finetrust.data.dataset import Dataset
from finetrust.data.report import check
from finetrust.data.source import DataOptions, open_dataset
from finetrust.models.network import Network
from finetrust.models.tree import Tree, to_device
from finetrust.tasks.task import Objective, Task, tasks
from finetrust.tuning.accelerator import new_accelerator
from finetrust.tuning.addition import Start
from finetrust.tuning.loop import Loop
from finetrust.tuning.optimizer import pretrained_layers
from finetrust.tuning.plan import read_plan
from finetrust.tuning.stages import Setting, make_stage

WARM_UP = 2


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--steps", type=int, default=20, help="steps of each")
    parser.add_argument("--batch-size", type=int, default=32)
    parser.add_argument("--additions", default="ema,sgd,sam,asam", help="none for no others")
    parser.add_argument("--device", default="cuda" if torch.cuda.is_available() else "cpu")
    ours, rest = parser.parse_known_args()
    given = {
        flag.removeprefix("--").replace("-", "_"): value
        for flag, value in zip(rest[::2], rest[1::2], strict=True)
    }
    options = make_options(
        TuneOptions, {**given, "epochs": 1, "batch_size": ours.batch_size, "workers": 0}
    )
    opened = open_dataset(str(options.data), DataOptions.of(options))
    task = tasks.get(options.task or opened.task)
    with quietly():
        dataset, _, _ = check(task.prepare(opened, options), task)
    bare, plain = timed("full", options, task, dataset, ours)
    print(
        f"{options.data}, {options.model}, batch {ours.batch_size}, {ours.device}, {ours.steps} steps: "
        f"bare loop {bare:.4f} s/step, finetrust {plain:.4f}, ratio {plain / bare:.3f}"
    )
    for name in filter(None, ours.additions.removeprefix("none").split(",")):
        beside, added = timed(f"full + {name}", options, task, dataset, ours)
        print(
            f"+ {name}: {added:.4f} s/step, {added / beside / (plain / bare):.3f} times a plain one"
        )


def timed(
    text: str, options: TuneOptions, task: Task, dataset: Dataset, ours: argparse.Namespace
) -> tuple[float, float]:
    """Return the seconds a step of the bare loop and of finetrust's takes under a plan."""
    plan, train = read_plan(text), dataset.split("train")
    with quietly(), tempfile.TemporaryDirectory() as folder:
        networks = []
        for _ in range(2):
            torch.manual_seed(0)
            assembled = task.assemble(options, dataset)
            net = task.network(assembled, dataset.classes, options)
            task.begin(net, train)
            networks.append(net.to(ours.device))
        net, other = networks
        phase = plan.strategy(options, len(pretrained_layers(net)), task.defaults)[0]
        start = Start(options, net, train)
        accelerator = new_accelerator(torch.device(ours.device), "fp32")
        setting = Setting(
            task, options, net, train, train.take([]), None, "fp32", (0, 1), plan.penalties(start)
        )
        stage = make_stage(phase, setting)
        endless = (batch for epoch in itertools.count() for batch in stage.batches.epoch(epoch, 0))
        ready = list(itertools.islice(endless, ours.steps + WARM_UP))
        bare = bare_step(
            other, task.objective(options, train).to(ours.device), len(ready), ours.device
        )
        turns = Turns(ready, bare, accompanied=bool(stage.penalties))
        objective = plan.objective(start, task.objective(options, train))
        loop = Loop(
            task,
            options,
            objective,
            dataset.classes,
            None,
            RunFolder(Path(folder)),
            accelerator,
            plan,
        )
        loop.run(0, dataclasses.replace(stage, batches=turns, validation=Nothing()))
    return statistics.median(turns.bare), statistics.median(turns.ours)


class Turns:
    """The batches of finetrust's loop; before each, the bare loop takes a step on the same batch."""

    def __init__(
        self,
        batches: list[tuple[Tree, Tree]],
        step: Callable[[Tree, Tree], None],
        accompanied: bool,
    ) -> None:
        self.per_epoch = len(batches)
        self.bare: list[float] = []
        self.ours: list[float] = []
        self._batches, self._step, self._accompanied = batches, step, accompanied

    def epoch(self, epoch: int, start: int) -> Iterator[tuple[Tree, Tree]]:
        if self.ours:
            # An addition passes them again after the last step, for statistics.
            yield from self._batches
            return
        for number, (inputs, targets) in enumerate(self._batches):
            begin = time.perf_counter()
            self._step(inputs, targets[0] if self._accompanied else targets)
            between = time.perf_counter()
            yield inputs, targets
            end = time.perf_counter()
            if number >= WARM_UP:
                self.bare.append(between - begin)
                self.ours.append(end - between)


class Nothing:
    """No validation data."""

    per_epoch = 0

    def epoch(self, epoch: int, start: int) -> Iterator[tuple[Tree, Tree]]:
        return iter(())


def bare_step(
    net: Network, objective: Objective, steps: int, device: str
) -> Callable[[Tree, Tree], None]:
    """Return a step of the loop that everybody writes."""
    net.train()
    optimizer = torch.optim.AdamW(net.parameters(), lr=1e-4, weight_decay=0.01)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, steps)

    def step(inputs: Tree, targets: Tree) -> None:
        inputs, targets = (to_device(tree, torch.device(device)) for tree in (inputs, targets))
        optimizer.zero_grad()
        loss = objective(net, inputs, targets)
        loss.backward()
        nn.utils.clip_grad_norm_(net.parameters(), 1.0)
        optimizer.step()
        schedule.step()
        loss.item()

    return step


if __name__ == "__main__":
    main()

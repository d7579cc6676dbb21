"""The time of a step of full fine-tuning against a bare PyTorch loop on the same batches, for any task.

Both do the same arithmetic: forward, loss, backward, gradient clipping, AdamW with a schedule. They take
turns step by step in one process, so that the drift of a busy machine meets both; the ratio is that of
the medians. Decoding is not counted: the batches are ready.

    python benchmarks/step_overhead.py --data digits --model resnet50 --input-size 96 --weights random
    python benchmarks/step_overhead.py --data ../shared/data/bccd --model FILE.py:FUNCTION --additions ema,sam
    python benchmarks/step_overhead.py --data cifar10 --model resnet18 --additions none \
        --mixings mixup,cutmix --augments "augmix; crop-flip + random-erasing"

Then the same with each addition and each way of mixing in turn: how many times a plain step it takes,
both by the bare loop beside them. What is done once an epoch (swa's pass over the training data) is not
counted. Augmentation is no part of a step: of each of ``--augments`` the time for a decoded item is shown,
by turns with ``crop-flip``.

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

import numpy as np
import torch
from torch import nn

from finetrust.config import TuneOptions, make_options
from finetrust.core.progress import quietly
from finetrust.core.run_folder import RunFolder
from finetrust.data.dataset import Dataset
from finetrust.data.report import check
from finetrust.data.source import DataOptions, open_dataset
from finetrust.models.memory_order import in_fast_order
from finetrust.models.network import Network
from finetrust.models.tree import Tree, to_device
from finetrust.tasks.task import Objective, Task, tasks
from finetrust.tuning.accelerator import new_accelerator
from finetrust.tuning.addition import Start
from finetrust.tuning.loop import Loop
from finetrust.tuning.network_defaults import defaults_for
from finetrust.tuning.optimizer import pretrained_layers
from finetrust.tuning.plan import read_plan
from finetrust.tuning.stages import Setting, make_stage

WARM_UP = 2
ITEMS_A_STEP = 32


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--steps", type=int, default=20, help="steps of each")
    parser.add_argument("--batch-size", type=int, default=32)
    parser.add_argument("--additions", default="ema,sgd,sam,asam", help="none for no others")
    parser.add_argument("--mixings", default="none", help="mixup, cutmix or both, with alpha 1")
    parser.add_argument("--augments", default="none", help="as --augment spells them, joined by ;")
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
    others = [(f"+ {name}", f"full + {name}", options) for name in listed(ours.additions, ",")]
    others += [
        (f"--{name}", "full", options.model_copy(update={name: 1.0}))
        for name in listed(ours.mixings, ",")
    ]
    for shown, text, chosen in others:
        beside, added = timed(text, chosen, task, dataset, ours)
        print(
            f"{shown}: {added:.4f} s/step, {added / beside / (plain / bare):.3f} times a plain one"
        )
    if augments := listed(ours.augments, ";"):
        network = task.network(task.assemble(options, dataset), dataset.classes, options)
        for text in augments:
            beside, augmented = timed_items(text, task, network, dataset.split("train"), ours.steps)
            print(
                f"--augment '{text}': {1000 * augmented:.2f} ms/item, crop-flip {1000 * beside:.2f}, "
                f"{augmented / beside:.2f} times"
            )


def listed(names: str, separator: str) -> list[str]:
    """Return the names in a list of them; none for ``none``."""
    return [name.strip() for name in names.split(separator) if name.strip() not in ("", "none")]


def timed_items(
    text: str, task: Task, network: Network, train: Dataset, steps: int
) -> tuple[float, float]:
    """Return the seconds that crop-flip, and the augmentation `text`, take for a decoded item."""
    seconds: tuple[list[float], list[float]] = ([], [])
    kinds = [task.samples(network.preprocessing, augment) for augment in ("crop-flip", text)]
    rows = np.random.default_rng(0).integers(len(train), size=ITEMS_A_STEP * (steps + WARM_UP))
    for number, row in enumerate(rows.tolist()):
        value, target = train.inputs[row], train.targets[row]
        for samples, found in zip(kinds, seconds, strict=True):
            torch.manual_seed(number)
            begin = time.perf_counter()
            samples.item(value, target)
            if number >= ITEMS_A_STEP * WARM_UP:
                found.append(time.perf_counter() - begin)
    beside, augmented = map(statistics.mean, seconds)
    return beside, augmented


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
        in_fast_order(net)
        defaults = defaults_for(net.backbone, task.defaults)
        phase = plan.phases(options, len(pretrained_layers(net)), defaults)[0]
        start = Start(options, net, train, task)
        accelerator = new_accelerator(torch.device(ours.device), "fp32")
        nothing, penalties = train.take([]), plan.penalties(start)
        mix = task.mix(options, dataset.classes)
        setting = Setting(
            start, plan, nothing, mix, "fp32", (0, 1), penalties, plan.disturbance(start)
        )
        plan.parametrise(net)
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
            mix,
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

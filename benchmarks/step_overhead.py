"""The time of a step of full fine-tuning against a bare PyTorch loop on the same batches.

Both do the same arithmetic: forward, cross entropy, backward, gradient clipping, AdamW with a
schedule. They take turns step by step in one process, so that the drift of a busy machine meets both;
the ratio is that of the medians.

    python benchmarks/step_overhead.py [--model resnet50] [--size 96] [--batch-size 32]
"""

import argparse
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import torch
from torch import Tensor, nn

from finetrust.config import ModelOptions, TuneOptions
from finetrust.core.progress import quietly
from finetrust.core.run_folder import RunFolder
from finetrust.models.assemble import assemble
from finetrust.models.layers import layer_names
from finetrust.models.network import Network
from finetrust.tasks.task import tasks
from finetrust.tuning.accelerator import new_accelerator
from finetrust.tuning.loop import Loop, Stage
from finetrust.tuning.optimizer import layer_rates
from finetrust.tuning.strategy import strategies

CLASSES = 10
WARM_UP = 2


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--model", default="resnet50")
    parser.add_argument("--size", type=int, default=96)
    parser.add_argument("--batch-size", type=int, default=32)
    parser.add_argument("--steps", type=int, default=20, help="steps of each")
    parser.add_argument("--device", default="cuda" if torch.cuda.is_available() else "cpu")
    options = parser.parse_args()
    net = network(options)
    chosen = TuneOptions(model=options.model, data="none", epochs=1)
    phase = strategies.get("full")(chosen, len(layer_names(net.backbone)))[0]
    turns = Turns(options)
    with tempfile.TemporaryDirectory() as folder, quietly():
        accelerator = new_accelerator(torch.device(options.device), "fp32")
        task, loss = tasks.get("classification"), nn.CrossEntropyLoss()
        loop = Loop(task, chosen, loss, None, RunFolder(Path(folder)), accelerator)
        loop.run(0, Stage(phase, net, layer_rates(net, phase), turns, Nothing()))
    bare, ours = statistics.median(turns.bare), statistics.median(turns.ours)
    print(
        f"{options.model}, {options.size} px, batch {options.batch_size}, {options.device}, "
        f"{options.steps} steps: bare loop {bare:.4f} s/step, finetrust {ours:.4f}, "
        f"ratio {ours / bare:.3f}"
    )


class Turns:
    """The batches of finetrust's loop; before each, the bare loop takes a step on the same batch."""

    def __init__(self, options: argparse.Namespace) -> None:
        self.per_epoch = options.steps + WARM_UP
        self.bare: list[float] = []
        self.ours: list[float] = []
        self._options = options
        self._step = bare_step(options, self.per_epoch)

    def epoch(self, epoch: int, start: int) -> Iterator[tuple[Tensor, Tensor]]:
        shape = (self._options.batch_size, 3, self._options.size, self._options.size)
        for number in range(self.per_epoch):
            images = torch.randint(256, shape, dtype=torch.uint8)
            targets = torch.randint(CLASSES, shape[:1])
            begin = time.perf_counter()
            self._step(images, targets)
            between = time.perf_counter()
            yield images, targets
            end = time.perf_counter()
            if number >= WARM_UP:
                self.bare.append(between - begin)
                self.ours.append(end - between)


class Nothing:
    """No validation data."""

    per_epoch = 0

    def epoch(self, epoch: int, start: int) -> Iterator[tuple[Tensor, Tensor]]:
        return iter(())


def bare_step(options: argparse.Namespace, steps: int) -> Callable[[Tensor, Tensor], None]:
    """Return a step of the loop that everybody writes."""
    net = network(options).train()
    optimizer = torch.optim.AdamW(net.parameters(), lr=1e-4, weight_decay=0.01)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, steps)
    loss_of = nn.CrossEntropyLoss()

    def step(images: Tensor, targets: Tensor) -> None:
        images, targets = images.to(options.device), targets.to(options.device)
        optimizer.zero_grad()
        loss = loss_of(net(images), targets)
        loss.backward()
        nn.utils.clip_grad_norm_(net.parameters(), 1.0)
        optimizer.step()
        schedule.step()
        loss.item()

    return step


def network(options: argparse.Namespace) -> Network:
    torch.manual_seed(0)
    wanted = ModelOptions(model=options.model, weights="random", input_size=options.size)
    assembled = assemble(wanted)
    net = assembled.network(nn.Linear(assembled.parts.features, CLASSES))
    net.backbone.to(memory_format=torch.channels_last)
    return net.to(options.device)


if __name__ == "__main__":
    main()

"""The time of a step of full fine-tuning against a bare PyTorch loop on the same batches.

Both do the same arithmetic: forward, cross entropy, backward, gradient clipping, AdamW with a schedule,
on the same prepared batches. They take turns, round by round, in one process; the ratio is the median of
the rounds' ratios.

    python benchmarks/step_overhead.py [--model resnet50] [--size 96] [--batch-size 32]
"""

import argparse
import statistics
import tempfile
import time
from collections.abc import Iterator
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


class Prepared:
    """The same batches in every epoch."""

    def __init__(self, batches: list[tuple[Tensor, Tensor]]) -> None:
        self.batches, self.per_epoch = batches, len(batches)

    def epoch(self, epoch: int, start: int) -> Iterator[tuple[Tensor, Tensor]]:
        yield from self.batches[start:]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--model", default="resnet50")
    parser.add_argument("--size", type=int, default=96)
    parser.add_argument("--batch-size", type=int, default=32)
    parser.add_argument("--steps", type=int, default=10, help="steps in each round")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--device", default="cuda" if torch.cuda.is_available() else "cpu")
    options = parser.parse_args()
    shape = (options.batch_size, 3, options.size, options.size)
    batches = Prepared(
        [
            (torch.randint(256, shape, dtype=torch.uint8), torch.randint(CLASSES, shape[:1]))
            for _ in range(options.steps)
        ]
    )
    bare(options, batches)
    ours(options, batches)
    ratios = []
    for number in range(options.rounds):
        theirs, mine = bare(options, batches), ours(options, batches)
        ratios.append(mine / theirs)
        print(
            f"round {number + 1}: bare {theirs:.4f} s/step, finetrust {mine:.4f}, ratio {ratios[-1]:.3f}"
        )
    print(
        f"{options.model}, {options.size} px, batch {options.batch_size}, {options.device}:",
        end=" ",
    )
    print(f"median ratio {statistics.median(ratios):.3f}")


def network(options: argparse.Namespace) -> Network:
    torch.manual_seed(0)
    wanted = ModelOptions(model=options.model, weights="random", input_size=options.size)
    assembled = assemble(wanted)
    net = assembled.network(nn.Linear(assembled.parts.features, CLASSES))
    net.backbone.to(memory_format=torch.channels_last)
    return net.to(options.device)


def bare(options: argparse.Namespace, batches: Prepared) -> float:
    """Return the seconds a step of the loop that everybody writes."""
    net = network(options).train()
    optimizer = torch.optim.AdamW(net.parameters(), lr=1e-4, weight_decay=0.01)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, batches.per_epoch)
    loss_of = nn.CrossEntropyLoss()
    start = time.perf_counter()
    for images, targets in batches.batches:
        images, targets = images.to(options.device), targets.to(options.device)
        optimizer.zero_grad()
        loss = loss_of(net(images), targets)
        loss.backward()
        nn.utils.clip_grad_norm_(net.parameters(), 1.0)
        optimizer.step()
        schedule.step()
        loss.item()
    return (time.perf_counter() - start) / batches.per_epoch


def ours(options: argparse.Namespace, batches: Prepared) -> float:
    """Return the seconds a step of finetrust's loop, with all that it does between two steps."""
    net = network(options)
    chosen = TuneOptions(model=options.model, data="none", epochs=1)
    task, nothing = tasks.get("classification"), Prepared([])
    phase = strategies.get("full")(chosen, len(layer_names(net.backbone)))[0]
    with tempfile.TemporaryDirectory() as folder, quietly():
        loop = Loop(
            task,
            chosen,
            nn.CrossEntropyLoss(),
            None,
            RunFolder(Path(folder)),
            new_accelerator(torch.device(options.device), "fp32"),
        )
        stage = Stage(phase, net, layer_rates(net, phase), _Timed(batches), nothing)
        loop.run(0, stage)
    return stage.batches.seconds / batches.per_epoch


class _Timed(Prepared):
    """Takes the time from the first batch asked for to the one after the last."""

    def __init__(self, prepared: Prepared) -> None:
        super().__init__(prepared.batches)
        self.seconds = 0.0

    def epoch(self, epoch: int, start: int) -> Iterator[tuple[Tensor, Tensor]]:
        began = time.perf_counter()
        yield from super().epoch(epoch, start)
        self.seconds = time.perf_counter() - began


if __name__ == "__main__":
    main()

"""The trial of adversarial perturbations: one step for each norm."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import partial

import numpy as np
import torch
from torch import Tensor, nn

from finetrust.config import EvaluateOptions
from finetrust.core.predictions import Predictions
from finetrust.tasks.task import Task
from finetrust.trust.stability.adversarial.found import TRIAL
from finetrust.trust.stability.adversarial.grids import Grid, grid_of
from finetrust.trust.stability.adversarial.norms import NORMS, Norm
from finetrust.trust.stability.adversarial.strength import STRENGTHS, Strength
from finetrust.trust.stability.adversarial.sweep import Sweep, sweep
from finetrust.trust.trials.bench import Bench
from finetrust.trust.trials.effort import EffortName
from finetrust.trust.trials.trial import Step, trials

PIXELS_AT_ONCE = 32 * 224 * 224
"""How many pixels are attacked together: what backward passes keep of them fits in a few GiB."""


class Adversarial:
    """The smallest changes that a search, which knows the network, finds to break its answers."""

    title = "Adversarial perturbations"
    efforts: tuple[EffortName, ...] = ("quick", "standard", "full")
    after: tuple[str, ...] = ()

    def check(self, options: EvaluateOptions, task: Task) -> None:
        """There is nothing to choose."""

    def plan(self, bench: Bench) -> Sequence[Step]:
        bench.require_rows_of_logits()
        bench.require_pixels()
        rows = bench.sample(costly=True)
        height, width = bench.inference.preprocessing.example(1).shape[-2:]
        strength = STRENGTHS[bench.effort.name]
        forward, backward = strength.passes()
        steps = []
        for norm in NORMS:
            if norm.name not in strength.norms:
                continue
            grid = grid_of(norm.name, height, width)
            settings = {
                **strength.settings(), "sizes": grid.sizes, "reference": grid.reference,
            }  # fmt: skip
            run = partial(_table, bench, rows, norm, grid, strength)
            steps.append(Step(norm.name, run, settings, forward * len(rows), backward * len(rows)))
        return steps


@contextmanager
def frozen(network: nn.Module) -> Iterator[None]:
    """Take no gradients to the parameters of a network for a while."""
    taking = [parameter for parameter in network.parameters() if parameter.requires_grad]
    for parameter in taking:
        parameter.requires_grad_(False)
    try:
        yield
    finally:
        for parameter in taking:
            parameter.requires_grad_(True)


def _table(
    bench: Bench, rows: np.ndarray, norm: Norm, grid: Grid, strength: Strength
) -> Predictions:
    parts, order = [], []
    with frozen(bench.network):
        for batch, pixels in bench.batches(rows, f"attacks, {norm.name}"):
            at_once = max(1, PIXELS_AT_ONCE // pixels[0, 0].numel())
            for start in range(0, len(batch), at_once):
                part = slice(start, start + at_once)
                parts.append(_attacked(bench, batch[part], pixels[part], norm, grid, strength))
                order.append(batch[part])
    drawn = np.concatenate(order)
    table = Predictions.joined(parts)
    return table.take(np.argsort(drawn, kind="stable"))


def _attacked(
    bench: Bench, rows: np.ndarray, pixels: Tensor, norm: Norm, grid: Grid, strength: Strength
) -> Predictions:
    target = bench.clean["target"][rows].astype(np.int64)
    labels = torch.from_numpy(target).to(pixels.device)
    found = sweep(
        bench.network, pixels, labels, bench.seeds(rows), norm,
        grid.sizes, grid.reference, strength,
    )  # fmt: skip
    ids = bench.ids(rows)
    columns = columns_of(found, target, grid)
    return Predictions(ids, columns, bench.clean.split, f"{TRIAL} {norm.name}")


def columns_of(found: Sweep, target: np.ndarray, grid: Grid) -> dict[str, np.ndarray]:
    """Return what a sweep found as the columns of a table, with the grid in every row."""
    columns = {name: values for name, values in vars(found).items() if values is not None}
    sizes = np.tile(np.asarray(grid.sizes, np.float64), (len(target), 1))
    reference = np.full(len(target), grid.reference)
    return {"target": target, **columns, "sizes": sizes, "reference": reference}


trials.add(TRIAL, Adversarial())

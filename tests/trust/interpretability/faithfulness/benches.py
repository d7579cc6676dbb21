"""Benches of models of which it is known what they look at."""

import numpy as np
import torch
from torch import Tensor, nn

from finetrust.config import EvaluateOptions
from finetrust.core.predictions import Predictions
from finetrust.data.dataset import Dataset
from finetrust.models.inference import Inference
from finetrust.models.network import Network
from finetrust.models.preprocessing import Preprocessing
from finetrust.tasks.predicted import predicted
from finetrust.tasks.task import tasks
from finetrust.trust.trials.bench import Bench
from finetrust.trust.trials.trial import trials

from ...pixels import dataset_of

TASK = tasks.get("classification")
CLASSES = ("dark", "bright")
SIDE, CELL = 32, 8
PLACE = (1, 2)
"""Row and column of the one cell, of 4 x 4, that :class:`OneCell` reads."""


class OneCell(nn.Module):
    """The mean brightness of one cell, by a convolution that sees all cells."""

    def __init__(self) -> None:
        super().__init__()
        self.means = nn.Conv2d(3, 1, CELL, stride=CELL, bias=False)
        self.read = nn.Linear(16, 1)
        with torch.no_grad():
            self.means.weight.fill_(1 / (3 * CELL**2))
            self.read.weight.zero_()
            self.read.bias.fill_(-0.5)
            self.read.weight[0, 4 * PLACE[0] + PLACE[1]] = 1

    def forward(self, images: Tensor) -> Tensor:
        return self.read(self.means(images).flatten(1))


class Chaos(nn.Module):
    """What looks like a decision and is noise: any change of the image gives another answer."""

    def __init__(self) -> None:
        super().__init__()
        self.scale = nn.Parameter(torch.tensor(1e5))

    def forward(self, images: Tensor) -> Tensor:
        return 0.3 * (self.scale * images.mean(dim=(1, 2, 3))).sin()[:, None]


def bright_cells(n: int, seed: int = 0) -> np.ndarray:
    """Return images of cells of random shades, as if each could matter: uint8 (n, 32, 32, 3)."""
    shades = np.random.default_rng(seed).uniform(20, 235, (n, 4, 4, 1))
    noise = np.random.default_rng(seed + 1).normal(0, 8, (n, SIDE, SIDE, 3))
    return (shades.repeat(CELL, 1).repeat(CELL, 2) + noise).clip(0, 255).astype(np.uint8)


def network_of(backbone: nn.Module) -> Network:
    """Return a network with logits of 10 times what the backbone yields, and its opposite."""
    head = nn.Linear(1, 2)
    with torch.no_grad():
        head.weight.copy_(torch.tensor([[-10.0], [10.0]]))
        head.bias.zero_()
    plain = Preprocessing(SIDE, SIDE, "bilinear", (0.0, 0.0, 0.0), (1.0, 1.0, 1.0))
    return Network(backbone, head, plain).eval()


def bench_of(
    backbone: nn.Module, n: int = 40, n_validation: int | None = 40, **options: object
) -> Bench:
    """Return a bench of `n` images of cells; without validation data if their number is None."""
    network = network_of(backbone)
    dataset = dataset_of(bright_cells(n), np.arange(n) % 2, CLASSES)
    inference = Inference(network)
    inference.batch_size = 17
    clean = predicted(TASK, inference, dataset, workers=0)

    def validation() -> Dataset | None:
        if n_validation is None:
            return None
        pixels = bright_cells(n_validation, seed=7)
        return dataset_of(pixels, np.arange(n_validation) % 2, CLASSES)

    chosen = EvaluateOptions.model_validate({"workers": 0, **options})
    return Bench(
        TASK,
        network,
        inference,
        dataset,
        clean,
        CLASSES,
        options=chosen,
        find_validation=validation,
    )


def held(bench: Bench) -> dict[str, Predictions]:
    """Return the tables of the trial of explanations."""
    for step in trials.get("explanations").plan(bench):
        bench.found.setdefault("explanations", {})[step.name] = step.run()
    return bench.found["explanations"]

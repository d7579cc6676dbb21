"""A small network for handwritten digits, and how many of them a run still knows under Foolbox's attack."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import eagerpy
import foolbox
import numpy as np
import torch
from scipy.stats import binomtest
from torch import Tensor, nn

import finetrust
from finetrust.data.dataset import Dataset
from finetrust.data.source import open_dataset

from .runs import tuned

PREPROCESSING = finetrust.Preprocessing(8, 8, "bilinear", (0.5,) * 3, (0.5,) * 3)


class Small(nn.Module):
    """A small network with batch norm for images of 8 x 8 pixels."""

    def __init__(self) -> None:
        super().__init__()
        self.body = nn.Sequential(
            nn.Conv2d(3, 16, 3, padding=1), nn.BatchNorm2d(16), nn.ReLU(), nn.MaxPool2d(2),
            nn.Conv2d(16, 32, 3, padding=1), nn.ReLU(), nn.Flatten(),
        )  # fmt: skip
        self.fc = nn.Linear(512, 10)

    def forward(self, images: Tensor) -> Tensor:
        return self.fc(self.body(images))


def more_digits(train: int = 200, val: int = 300) -> Dataset:
    """Return so many digits to train and to judge on."""
    every = open_dataset("digits")
    rows = np.random.default_rng(0).permutation(len(every))[: train + val]
    return replace(every.take(rows), splits=np.array(["train"] * train + ["val"] * val))


def tuned_small(out: Path, strategy: str, **options: Any) -> finetrust.Run:
    """Tune the small network from the same start on inputs as they are."""
    torch.manual_seed(3)
    chosen = {
        "data": more_digits(),
        "model": Small(),
        "preprocessing": PREPROCESSING,
        "augment": "none",
        "calibration": "none",
        "batch_size": 25,
        "learning_rate": 0.01,
        "backbone_learning_rate": 0.01,
        "epochs": 6,
        **options,
    }
    return tuned(out, strategy=strategy, **chosen)


def right_under_attack(run: finetrust.Run, part: Dataset, epsilon: float) -> np.ndarray:
    """Return which images a run answers rightly after 20 steps of PGD: bool array (n,)."""
    network = run.model.network.eval()
    prepare = network.preprocessing.transform()
    images = torch.stack([prepare(part.inputs[row]) for row in range(len(part))]).float() / 255
    labels = torch.from_numpy(part.targets)
    attack = foolbox.attacks.LinfProjectedGradientDescentAttack(
        rel_stepsize=2.5 / 20, steps=20, random_start=True
    )
    torch.manual_seed(0)
    model = foolbox.PyTorchModel(network, bounds=(0, 1))
    points = eagerpy.astensor(attack.run(model, images, labels, epsilon=epsilon)).raw
    with torch.no_grad():
        return (network(points).argmax(1) == labels).numpy()


def gained(before: np.ndarray, after: np.ndarray) -> tuple[float, float]:
    """Return by how much the share of right answers rose, and the p-value of McNemar's exact test."""
    won, lost = int((after & ~before).sum()), int((before & ~after).sum())
    return (won - lost) / len(before), float(binomtest(won, max(1, won + lost)).pvalue)

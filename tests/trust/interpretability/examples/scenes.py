"""Small images of three colours and a network on their mean colours, for the tests of the trial."""

import hashlib
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from finetrust.config import EvaluateOptions
from finetrust.data.dataset import Dataset
from finetrust.models.inference import Inference
from finetrust.models.network import Network
from finetrust.models.preprocessing import Preprocessing
from finetrust.tasks.predicted import predicted
from finetrust.tasks.task import tasks
from finetrust.trust.trials.bench import Bench

from ...pixels import dataset_of

CLASSES = ("red", "green", "blue")
TASK = tasks.get("classification")
SEEN: list[int] = []
"""How many images went through the network at a time; a test empties it first."""


class MeanColours(nn.Module):
    """Twelve features: the mean colour of each quarter of the image."""

    def forward(self, images: Tensor) -> Tensor:
        SEEN.append(len(images))
        return nn.functional.adaptive_avg_pool2d(images, 2).flatten(1)


def network() -> Network:
    """Return a network whose logits are 12 times the mean red, green and blue."""
    head = nn.Linear(12, 3)
    head.weight = nn.Parameter(3 * torch.eye(3).repeat_interleave(4, dim=1))
    head.bias = nn.Parameter(torch.zeros(3))
    plain = Preprocessing(8, 8, "bilinear", (0.0, 0.0, 0.0), (1.0, 1.0, 1.0))
    return Network(MeanColours(), head, plain).eval()


def colours(n: int, seed: int, contrast: int = 90) -> Dataset:
    """Return noisy images of 8 x 8 pixels, each brighter in the colour of its class."""
    rng = np.random.default_rng(seed)
    labels = np.arange(n) % 3
    pixels = rng.integers(40, 120, (n, 8, 8, 3))
    pixels += rng.integers(-30, 30, (n, 1, 1, 3))
    pixels[np.arange(n), :, :, labels] += contrast
    return with_digests(dataset_of(pixels.clip(0, 255).astype(np.uint8), labels, CLASSES))


def with_digests(dataset: Dataset) -> Dataset:
    digests = [hashlib.sha256(dataset.inputs.content(i)).hexdigest() for i in range(len(dataset))]
    return replace(dataset, digests=tuple(digests))


def named(dataset: Dataset, prefix: str) -> Dataset:
    return replace(dataset, ids=tuple(f"{prefix}/{name}" for name in dataset.ids))


def bench(
    evaluated: Dataset,
    training: Dataset | None,
    calibration: dict[str, Any] | None = None,
    find_validation: Callable[[], Dataset | None] = lambda: None,
    **options: Any,
) -> Bench:
    own = network()
    inference = Inference(own)
    return Bench(
        TASK,
        own,
        inference,
        evaluated,
        predicted(TASK, inference, evaluated, 0),
        CLASSES,
        calibration or {},
        options=EvaluateOptions.model_validate({"workers": 0, **options}),
        find_training=lambda: training,
        find_validation=find_validation,
    )

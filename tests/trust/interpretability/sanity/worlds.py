"""Networks, images and explanations of which it is known what the trial must find."""

from collections.abc import Callable

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from finetrust.config import EvaluateOptions
from finetrust.core.evidence import Evidence
from finetrust.core.measure import Absence, Estimate, measures
from finetrust.core.predictions import Predictions
from finetrust.data.dataset import Dataset
from finetrust.models.inference import Inference
from finetrust.models.network import Network
from finetrust.models.preprocessing import Preprocessing
from finetrust.tasks.predicted import predicted
from finetrust.tasks.task import tasks
from finetrust.trust.interpretability.attributions.attribution import Explained, attributions
from finetrust.trust.interpretability.sanity.trial import Sanity
from finetrust.trust.trials.bench import Bench

from ...pixels import dataset_of

TASK = tasks.get("classification")
CLASSES = ("a", "b", "c", "d")
SIDE = 32


class Planted:
    """An explanation that a function of network, images and targets makes."""

    title, reference, signed, effort = "Planted", "Nobody 2020", True, "quick"

    def __init__(self, explain: Callable[..., Tensor], passes: int = 1) -> None:
        self.explain, self.passes = explain, passes

    def applies(self, explained: Explained, example: Tensor) -> None:
        """It explains everything."""

    def __call__(self, explained: Explained, images: Tensor, targets: Tensor) -> Tensor:
        return self.explain(explained.network, images, targets).float()


def edges(network: nn.Module, images: Tensor, targets: Tensor) -> Tensor:
    """Return where brightness changes: nothing of it comes from the network."""
    grey = images.mean(dim=1)
    return sum(grey.diff(dim=d, prepend=grey.narrow(d, 0, 1)).abs() for d in (1, 2))


def brightness(network: nn.Module, images: Tensor, targets: Tensor) -> Tensor:
    """Return a map that goes wherever the image goes."""
    return images.mean(dim=1)


def ramp(network: nn.Module, images: Tensor, targets: Tensor) -> Tensor:
    """Return a map that stays where it is, from left to right."""
    return torch.linspace(0, 1, SIDE).expand(len(images), SIDE, SIDE)


def backbone() -> nn.Module:
    """Return a small convolutional network to eight features, of fixed random weights."""
    with torch.random.fork_rng():
        torch.manual_seed(3)
        return nn.Sequential(
            nn.Conv2d(3, 8, 3, stride=2, padding=1), nn.ReLU(), nn.Conv2d(8, 8, 3, padding=1),
            nn.ReLU(), nn.AdaptiveAvgPool2d(1), nn.Flatten(),
        )  # fmt: skip


def linear() -> nn.Module:
    """Return a network without bends: logits are weighted sums of the pixels."""
    return nn.Flatten()


def network_of(body: nn.Module, features: int = 8) -> Network:
    with torch.random.fork_rng():
        torch.manual_seed(4)
        head = nn.Linear(features, len(CLASSES))
    plain = Preprocessing(SIDE, SIDE, "bilinear", (0.5, 0.5, 0.5), (0.5, 0.5, 0.5))
    return Network(body, head, plain).eval()


def pictures(n: int, seed: int = 0) -> np.ndarray:
    """Return images (n, 32, 32, 3) of moderate light, of which no two pixels are alike."""
    rng = np.random.default_rng(seed)
    coarse = np.kron(rng.integers(40, 180, (n, 8, 8, 3)), np.ones((1, 4, 4, 1), dtype=int))
    return (coarse + rng.integers(0, 30, (n, SIDE, SIDE, 3))).astype(np.uint8)


def bench_of(
    network: Network,
    pixels: np.ndarray,
    training: Dataset | None = None,
    batch_size: int = 7,
    **options: object,
) -> Bench:
    dataset = dataset_of(pixels, np.arange(len(pixels)) % len(CLASSES), CLASSES)
    inference = Inference(network)
    inference.batch_size = batch_size
    clean = predicted(TASK, inference, dataset, workers=0)
    chosen = EvaluateOptions.model_validate({"workers": 0, "effort": "standard", **options})
    return Bench(
        TASK, network, inference, dataset, clean, CLASSES, options=chosen,
        find_training=lambda: training,
    )  # fmt: skip


def choice(*methods: str) -> dict[str, Predictions]:
    """Return what the trial of explanations found where the first of the methods explains."""
    columns = {}
    for number, method in enumerate(methods):
        columns[f"{method}.insertion"] = np.full(8, 0.9 - 0.1 * number)
        columns[f"{method}.deletion"] = np.full(8, 0.2)
        columns[f"{method}.weights"] = np.zeros(8)
    return {"choice": Predictions(np.arange(8).astype(str), columns)}


def held(bench: Bench, *methods: str) -> dict[str, Predictions]:
    """Return the tables of the trial."""
    bench.found["explanations"] = choice(*methods)
    return {step.name: step.run() for step in Sanity().plan(bench)}


def evidence_of(bench: Bench, *methods: str, **rest: object) -> Evidence:
    tables = held(bench, *methods)
    trials = {"explanations": choice(*methods), "sanity": tables}
    return Evidence(bench.clean, trials=trials, **rest)


def figures(name: str, evidence: Evidence) -> dict[str, Estimate | Absence]:
    return {found.subset: found for found in measures.get(name).estimate(evidence)}


def plant(
    monkeypatch: pytest.MonkeyPatch, passes: int = 1, **planted: Callable[..., Tensor]
) -> str:
    """Register explanations by their names; return them as the option that asks for them."""
    attributions.names()
    for name, explain in planted.items():
        monkeypatch.setitem(attributions._entries, name, Planted(explain, passes))
    return ",".join(planted)

"""Failing subgroups that nobody has named, planted in real data: they are found, and nothing else is."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from torch import nn
from torch.nn import functional

import finetrust
from finetrust.core.evidence import Evidence
from finetrust.core.measure import Measure, measures
from finetrust.core.predictions import Predictions
from finetrust.data.source import open_dataset
from finetrust.models.inference import Inference
from finetrust.tasks.predicted import predicted
from finetrust.tasks.task import tasks
from finetrust.trust.accuracy.answers import decisions_of
from finetrust.trust.accuracy.groups.slice_figures import slice_measures

DIM = 0.25
"""How much light the planted images keep."""


def found_in(evidence: Evidence) -> list[Measure]:
    slices = slice_measures(evidence, [measures.get("accuracy")])
    return [m for m in slices if m.subset and m.details["found"]]


def with_targets(evidence: Evidence, targets: np.ndarray) -> Evidence:
    columns = {**evidence.clean.columns, "target": targets}
    return replace(evidence, clean=replace(evidence.clean, columns=columns))


def rows_of(slices: list[Measure], evidence: Evidence) -> np.ndarray:
    ids = [id_ for m in slices for id_ in m.details["ids"]]
    return np.flatnonzero(np.isin(evidence.clean.ids, ids))


@pytest.fixture(scope="module")
def digits(tmp_path_factory: pytest.TempPathFactory) -> Evidence:
    """What a network that was fine-tuned on handwritten digits says of 1,397 others."""
    folder = tmp_path_factory.mktemp("run")
    run = finetrust.tune(
        "glyphnet", "digits:20", strategy="linear-probe", epochs=5, out=str(folder), quiet=True
    )
    dataset = open_dataset("digits:20").split("test")
    task = tasks.get("classification")
    clean = predicted(task, Inference(run.model.network, "fp32"), dataset, workers=0)
    ink = np.array([np.asarray(dataset.inputs[row]).mean() for row in range(len(dataset))])
    return Evidence(clean, classes=run.model.classes, properties={"brightness": ink})


def right_but_for(evidence: Evidence, share: float, seed: int) -> Evidence:
    """Return the evidence with labels that the model gets right, but for a random share of them."""
    rng = np.random.default_rng(seed)
    predicted = decisions_of(evidence)
    wrong = rng.random(len(predicted)) < share
    other = (predicted + rng.integers(1, 10, len(predicted))) % 10
    return with_targets(evidence, np.where(wrong, other, predicted))


def test_errors_at_random_among_real_features_raise_no_alarm(digits: Evidence) -> None:
    assert sum(bool(found_in(right_but_for(digits, 0.08, seed))) for seed in range(20)) <= 3


def test_one_way_to_write_a_digit_that_is_mislabelled_is_found(digits: Evidence) -> None:
    clean = right_but_for(digits, 0.03, seed=0)
    features, targets = digits.clean["features"], clean.clean["target"].copy()
    centred = features - features[targets == 7].mean(axis=0)
    _, _, directions = np.linalg.svd(centred[targets == 7], full_matrices=False)
    planted = (targets == 7) & (centred @ directions[0] > 0)
    targets[planted] = 1
    evidence = with_targets(digits, targets)
    clusters = [m for m in found_in(evidence) if m.details["kind"] == "cluster"]
    assert clusters
    assert planted[rows_of(clusters[:1], evidence)].mean() > 0.8
    assert "“1”, often taken for “7”" in clusters[0].subset


def test_mislabelled_images_of_little_ink_are_found(digits: Evidence) -> None:
    clean = right_but_for(digits, 0.03, seed=0)
    ink, targets = digits.properties["brightness"], clean.clean["target"].copy()
    dark = ink < np.quantile(ink, 0.2)
    spoiled = dark & (np.arange(len(ink)) % 4 == 0)
    targets[spoiled] = (targets[spoiled] + 3) % 10
    evidence = with_targets(digits, targets)
    (first, *_) = found_in(evidence)
    assert first.subset == "slice=brightness: darkest fifth"


class Block(nn.Module):
    """A block of the CIFAR-10 ResNets whose shortcut has no parameters."""

    def __init__(self, inside: int, planes: int, stride: int) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(inside, planes, 3, stride, 1, bias=False)
        self.conv2 = nn.Conv2d(planes, planes, 3, 1, 1, bias=False)
        self.bn1, self.bn2 = nn.BatchNorm2d(planes), nn.BatchNorm2d(planes)
        self.stride, self.extra = stride, (planes - inside) // 2

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        out = self.bn2(self.conv2(functional.relu(self.bn1(self.conv1(x)))))
        short = x[:, :, :: self.stride, :: self.stride]
        return functional.relu(out + functional.pad(short, (0, 0, 0, 0, self.extra, self.extra)))


class ResNet20(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.conv1, self.bn1 = nn.Conv2d(3, 16, 3, 1, 1, bias=False), nn.BatchNorm2d(16)
        self.layer1 = nn.Sequential(*[Block(16, 16, 1) for _ in range(3)])
        self.layer2 = nn.Sequential(Block(16, 32, 2), Block(32, 32, 1), Block(32, 32, 1))
        self.layer3 = nn.Sequential(Block(32, 64, 2), Block(64, 64, 1), Block(64, 64, 1))
        self.linear = nn.Linear(64, 10)

    def features(self, x: torch.Tensor) -> torch.Tensor:
        x = functional.relu(self.bn1(self.conv1(x)))
        return self.layer3(self.layer2(self.layer1(x))).mean((2, 3))


def cifar(shared: Path) -> Iterator[tuple[str, int, np.ndarray]]:
    """Yield id, class and pixels (32, 32, 3) of the real test images."""
    for number, folder in enumerate(sorted((shared / "cifar10" / "test").iterdir())):
        for path in sorted(folder.iterdir()):
            pixels = np.asarray(Image.open(path).convert("RGB"), np.float32) / 255
            yield f"{folder.name}/{path.name}", number, pixels


def test_real_images_in_dim_light_are_found_without_anyone_measuring_light(shared: Path) -> None:
    ids, targets, images = (np.array(column) for column in zip(*cifar(shared), strict=True))
    dim = np.random.default_rng(0).random(len(ids)) < 0.1
    images[dim] *= DIM
    mean, spread = torch.tensor((0.485, 0.456, 0.406)), torch.tensor((0.229, 0.224, 0.225))
    inputs = ((torch.tensor(images) - mean) / spread).permute(0, 3, 1, 2)
    stored = torch.load(
        shared / "weights-cifar10-resnet" / "resnet20-12fca82f.th", map_location="cpu"
    )["state_dict"]
    network = ResNet20()
    network.load_state_dict({name.removeprefix("module."): w for name, w in stored.items()})
    with torch.inference_mode():
        features = torch.cat([network.eval().features(part) for part in inputs.split(200)])
        logits = network.linear(features)
    columns = {"target": targets, "logits": logits.numpy(), "features": features.numpy()}
    evidence = Evidence(Predictions(ids, columns), classes=tuple("abcdefghij"))
    clusters = [m for m in found_in(evidence) if m.details["kind"] == "cluster"]
    shares = [dim[rows_of([m], evidence)].mean() for m in clusters]
    assert max(shares) >= 0.75
    assert clusters[int(np.argmax(shares))].value < 0.6

    brightness = images.mean(axis=(1, 2, 3))
    measured = replace(evidence, properties={"brightness": brightness})
    dark = [m for m in found_in(measured) if m.details["kind"] == "property"]
    assert [m.subset for m in dark] == ["slice=brightness: darkest fifth"]

"""The pretrained models that are chosen from: published ones, and small ones that are pretrained here.

Own checkpoints differ in what they have seen, for how long, in depth and in width, so that the best of all
is not the same for every target. They lie in the folder of the benchmark with their heads, never in the
repository.
"""

import json
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import torch
from backbones import cifar_resnet
from safetensors.torch import save_file
from selection_sources import SOURCES, Source
from torch import Tensor, nn
from torch.nn import functional
from trust_pairs import BACKBONES, CIFAR, IMAGENET

HELD_OUT = 0.1
BATCH, PEAK, DECAY, PADDING = 64, 0.1, 5e-4, 4
MEAN, STD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)


@dataclass(frozen=True)
class Published:
    """A model with weights that its makers published.

    Parameters
    ----------
    title : str
    options : mapping
        Of ``finetrust tune``, but its ``weights``.
    weights : str
        File in the folder of shared data; empty where the package brings them.
    accuracy : float or None
        On what it was trained for, as published.
    """

    title: str
    options: Mapping[str, Any]
    weights: str = ""
    accuracy: float | None = None


@dataclass(frozen=True)
class Own:
    """A model that is pretrained here.

    Parameters
    ----------
    title : str
    source : str
        By name in ``selection_sources.SOURCES``.
    epochs : int
        0 for an untrained one.
    shape : mapping
        Arguments of :func:`backbones.cifar_resnet`.
    """

    title: str
    source: str
    epochs: int
    shape: Mapping[str, int] = field(default_factory=dict)


CANDIDATES: Mapping[str, Published | Own] = {
    "cifar-20": Published(
        "ResNet-20 of CIFAR-10", {"model": f"{BACKBONES}:cifar_resnet20"}, CIFAR, 0.917
    ),
    "cifar-32": Published(
        "ResNet-32 of CIFAR-10",
        {"model": f"{BACKBONES}:cifar_resnet", "model_args": {"blocks": 5}},
        "weights-cifar10-resnet/resnet32-d509ac18.th",
        0.926,
    ),
    "imagenet": Published(
        "MobileNetV1 of ImageNet, 48 px",
        {"model": f"{BACKBONES}:mobilenetv1", "input_size": 48},
        IMAGENET,
        0.706,
    ),
    "glyphs": Published("GlyphNet of printed letters", {"model": "glyphnet"}),
    "animals": Own("ResNet-20, animals of CIFAR-10", "animals", 9),
    "vehicles": Own("ResNet-20, vehicles of CIFAR-10", "vehicles", 16),
    "streets": Own("ResNet-20, streets of CamVid", "streets", 12),
    "cells": Own("ResNet-14, cells of BCCD", "cells", 16, {"blocks": 2}),
    "turned": Own("ResNet-20, which way up CIFAR-10 is", "turned", 5),
    "brief": Own("ResNet-20, CIFAR-10 for 2 epochs", "everything", 2),
    "narrow": Own("ResNet-20 of half the width, CIFAR-10", "everything", 8, {"width": 8}),
    "wide": Own(
        "ResNet-8 of twice the width, CIFAR-10", "everything", 3, {"blocks": 1, "width": 32}
    ),
    "drawn": Own("ResNet-20, CIFAR-10 with drawn labels", "drawn labels", 5),
    "untrained": Own("ResNet-20, untrained", "everything", 0),
}


def options_of(name: str, shared: Path, home: Path) -> dict[str, Any]:
    """Return the options of ``finetrust tune`` that give a candidate; it is pretrained if need be."""
    candidate = CANDIDATES[name]
    if isinstance(candidate, Own):
        weights, _ = pretrained(name, shared, home)
        model = f"{BACKBONES}:cifar_resnet"
        return {"model": model, "model_args": dict(candidate.shape), "weights": str(weights)}
    of_file = {"weights": str(shared / candidate.weights)} if candidate.weights else {}
    return {**candidate.options, **of_file}


def source_accuracy(name: str, home: Path) -> float | None:
    """Return the accuracy on what a candidate was pretrained for; None where it is not known."""
    candidate = CANDIDATES[name]
    if isinstance(candidate, Published):
        return candidate.accuracy
    return json.loads((home / f"{name}.json").read_text("utf-8"))["accuracy"]


def pretrained(name: str, shared: Path, home: Path) -> tuple[Path, dict[str, Any]]:
    """Return the weights of an own candidate and what is known of them, pretrained if not there yet."""
    candidate, weights, facts = (
        CANDIDATES[name],
        home / f"{name}.safetensors",
        home / f"{name}.json",
    )
    assert isinstance(candidate, Own)
    if not facts.exists():
        home.mkdir(parents=True, exist_ok=True)
        start = time.perf_counter()
        source = SOURCES[candidate.source](shared)
        torch.manual_seed(0)
        network, accuracy = trained(source, candidate)
        save_file({key: value.contiguous() for key, value in network.state_dict().items()}, weights)
        found = {
            "title": candidate.title,
            "images": len(source.labels),
            "epochs": candidate.epochs,
            "accuracy": accuracy,
            "seconds": round(time.perf_counter() - start, 1),
        }
        facts.write_text(json.dumps(found), encoding="utf-8")
        print(name, found, flush=True)
    return weights, json.loads(facts.read_text("utf-8"))


def trained(source: Source, candidate: Own) -> tuple[nn.Module, float]:
    """Return the network and its accuracy on a tenth of the images, which it is not trained on.

    Stochastic gradient descent with a rate that rises and falls, crops of padded images and mirror images.
    """
    rng = np.random.default_rng(0)
    images = (torch.from_numpy(source.images).float() / 255 - torch.tensor(MEAN)) / torch.tensor(
        STD
    )
    images, labels = images.permute(0, 3, 1, 2).contiguous(), torch.from_numpy(source.labels)
    rows = rng.permutation(len(labels))
    held_out, rows = np.split(rows, [round(HELD_OUT * len(rows))])
    network, _ = cifar_resnet(**candidate.shape)
    network.linear = nn.Linear(network.linear.in_features, int(labels.max()) + 1)
    optimizer = torch.optim.SGD(
        network.parameters(), lr=PEAK, momentum=0.9, nesterov=True, weight_decay=DECAY
    )
    steps = max(1, candidate.epochs * (len(rows) // BATCH))
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, PEAK, total_steps=steps)
    for _ in range(candidate.epochs):
        order = rng.permutation(rows)
        for start in range(0, len(order) - BATCH + 1, BATCH):
            batch = order[start : start + BATCH]
            with torch.autocast("cpu", torch.bfloat16):
                logits = network(moved(images[batch], source.flips, rng))
            optimizer.zero_grad()
            functional.cross_entropy(logits.float(), labels[batch]).backward()
            optimizer.step()
            schedule.step()
    network.eval()
    with torch.inference_mode():
        right = network(images[held_out]).argmax(1) == labels[held_out]
    return network, float(right.float().mean())


def moved(images: Tensor, flips: bool, rng: np.random.Generator) -> Tensor:
    """Return a batch, shifted by a few pixels and, where that keeps the class, half of it mirrored."""
    top, left = rng.integers(0, 2 * PADDING + 1, 2)
    height, width = images.shape[2:]
    images = functional.pad(images, (PADDING,) * 4)[..., top : top + height, left : left + width]
    if flips:
        mirrored = torch.from_numpy(rng.random(len(images)) < 0.5)[:, None, None, None]
        images = torch.where(mirrored, images.flip(3), images)
    return images

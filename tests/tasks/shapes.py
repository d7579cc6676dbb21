"""Pictures of red, green and blue rectangles on grey, with their boxes, and a small network for them."""

from pathlib import Path

import numpy as np
import torch
from PIL import Image
from torch import Tensor, nn

import finetrust
from finetrust.data.boxes.boxes import Boxes
from finetrust.data.dataset import Dataset
from finetrust.data.images.image_files import ImageFiles

CLASSES = ("red", "green", "blue")


def shapes(folder: Path, n: int = 24, seed: int = 0) -> Dataset:
    """Write `n` pictures of 96 x 64 pixels to `folder`; every eighth shows nothing."""
    random = np.random.default_rng(seed)
    folder.mkdir(parents=True, exist_ok=True)
    paths, targets = [], np.empty(n, object)
    for i in range(n):
        pixels = random.integers(100, 156, size=(64, 96, 3), dtype=np.uint8)
        boxes, labels = [], []
        for _ in range(0 if i % 8 == 7 else int(random.integers(1, 4))):
            width, height = random.integers(14, 36, 2)
            x, y = random.integers(0, 96 - width), random.integers(0, 64 - height)
            label = int(random.integers(3))
            pixels[y : y + height, x : x + width] = 220 * np.eye(3, dtype=np.uint8)[label]
            boxes.append([x, y, x + width, y + height])
            labels.append(label)
        paths.append(folder / f"{i:03d}.png")
        Image.fromarray(pixels).save(paths[-1])
        targets[i] = Boxes.of(boxes, labels, size=(96, 64))
    splits = np.array(["train", "train", "val"] * n)[:n]
    splits[-2:] = "test"
    ids = tuple(path.name for path in paths)
    return Dataset("shapes", ids, ImageFiles(paths), targets, CLASSES, splits, task="detection")


class Small(nn.Module):
    """A classifier with maps of stride 8, 16 and 32."""

    def __init__(self) -> None:
        super().__init__()
        self.stem = nn.Conv2d(3, 16, 4, 4)
        self.stages = nn.Sequential(*(_stage(a, b) for a, b in ((16, 16), (16, 24), (24, 32))))
        self.fc = nn.Linear(32, 5)

    def forward(self, images: Tensor) -> Tensor:
        return self.fc(self.stages(self.stem(images)).mean((2, 3)))


def small() -> tuple[nn.Module, finetrust.Preprocessing]:
    """Build the network, always with the same weights."""
    torch.manual_seed(7)
    return Small(), finetrust.Preprocessing(96, 96, "bilinear", (0.5, 0.5, 0.5), (0.5, 0.5, 0.5))


def _stage(inner: int, outer: int) -> nn.Module:
    return nn.Sequential(nn.Conv2d(inner, outer, 3, 2, 1), nn.BatchNorm2d(outer), nn.ReLU())

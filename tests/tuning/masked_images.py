"""Small pictures whose object lies in the middle, as files, with masks; a mark may give one class away."""

from pathlib import Path

import numpy as np
import torch
from PIL import Image
from torch import Tensor, nn

import finetrust
from finetrust import Preprocessing

SIZE, OBJECT, CORNER = 16, slice(4, 12), slice(0, 3)
PREPROCESSING = Preprocessing(SIZE, SIZE, "bilinear", (0.5,) * 3, (0.5,) * 3)
CLASSES = ("dark", "light")


def pictures(seed: int, n: int, marked: bool) -> tuple[np.ndarray, np.ndarray]:
    """Return noise with a darker or lighter square in the middle: uint8 (n, h, w, 3) and classes (n,).

    What tells the classes is weak beside the noise; the mark on all of the second class is not.
    """
    rng = np.random.default_rng(seed)
    labels = np.arange(n) % 2
    images = rng.normal(128, 45, (n, SIZE, SIZE, 3))
    images[:, OBJECT, OBJECT] += np.where(labels, 5, -5)[:, None, None, None]
    if marked:
        images[labels == 1, CORNER, CORNER] += 100
    return images.clip(0, 255).astype(np.uint8), labels


def write(folder: Path, n: int = 120, marked: bool = True) -> Path:
    """Write pictures for training and validation, and a mask of each; return their folder."""
    mask = np.zeros((SIZE, SIZE), np.uint8)
    mask[OBJECT, OBJECT] = 255
    for seed, split in enumerate(("train", "val")):
        images, labels = pictures(seed, n, marked)
        for number, (image, label) in enumerate(zip(images, labels, strict=True)):
            for kind, pixels in (("images", image), ("masks", mask)):
                file = folder / kind / split / CLASSES[label] / f"{number}.png"
                file.parent.mkdir(parents=True, exist_ok=True)
                Image.fromarray(pixels).save(file)
    return folder


class Plain(nn.Module):
    """A small network that is smooth, so that its gradients tell what it does farther off."""

    def __init__(self) -> None:
        super().__init__()
        self.body = nn.Sequential(nn.Flatten(), nn.Linear(3 * SIZE**2, 8), nn.Tanh())
        self.fc = nn.Linear(8, 2)

    def forward(self, images: Tensor) -> Tensor:
        return self.fc(self.body(images))


def tuned(folder: Path, out: Path, strategy: str, **options: object) -> finetrust.Run:
    """Tune the small network from the same start, quietly and in full precision."""
    torch.manual_seed(7)
    chosen = {
        "preprocessing": PREPROCESSING,
        "epochs": 12,
        "learning_rate": 0.01,
        "backbone_learning_rate": 0.01,
        "augment": "none",
        "precision": "fp32",
        "calibration": "none",
        **options,
    }
    data = str(folder / "images")
    return finetrust.tune(Plain(), data, strategy=strategy, out=str(out), quiet=True, **chosen)


def logits(run: finetrust.Run, images: np.ndarray) -> Tensor:
    """Return the outputs of a run for pictures: float tensor (n, 2)."""
    with torch.no_grad():
        return run.model.network(torch.from_numpy(images).permute(0, 3, 1, 2))


def outside_gradient(run: finetrust.Run, images: np.ndarray) -> float:
    """Return the share of the outside in the squared gradient of the log-probabilities' sum."""
    pixels = torch.from_numpy(images).permute(0, 3, 1, 2).float().div(255).requires_grad_()
    run.model.network(pixels).log_softmax(1).sum().backward()
    squares = pixels.grad.square().sum((0, 1))
    return float(1 - squares[OBJECT, OBJECT].sum() / squares.sum())

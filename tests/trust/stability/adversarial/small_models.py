"""Small classifiers of pixels on which attacks are judged."""

from functools import lru_cache

import numpy as np
import torch
from sklearn.datasets import load_digits
from torch import Tensor, nn
from torch.nn import functional


class Linear(nn.Module):
    """Two classes on either side of a plane: its distance from an image is known in every norm."""

    def __init__(self, shape: tuple[int, ...] = (3, 6, 6), seed: int = 0) -> None:
        super().__init__()
        self.weight = torch.randn(shape, generator=torch.Generator().manual_seed(seed))

    def margin(self, images: Tensor) -> Tensor:
        return (self.weight * (images - 0.5)).flatten(1).sum(dim=1)

    def forward(self, images: Tensor) -> Tensor:
        margin = self.margin(images)
        return torch.stack([-margin, margin], dim=1)

    def distance(self, images: Tensor, norm: str) -> Tensor:
        """Return how far the plane is, if the edges of the box do not matter."""
        dual = self.weight.abs().sum() if norm == "linf" else torch.linalg.vector_norm(self.weight)
        return self.margin(images).abs() / dual


class Constant(nn.Module):
    """Class 0 whatever comes."""

    def forward(self, images: Tensor) -> Tensor:
        return torch.tensor([[1.0, 0.0, 0.0, 0.0, 0.0]]).expand(len(images), 5)


class Masked(nn.Module):
    """A network whose gradients say nothing: `rounded` inputs, or logits of enormous size."""

    def __init__(self, inner: nn.Module, how: str) -> None:
        super().__init__()
        self.inner, self.how = inner, how

    def forward(self, images: Tensor) -> Tensor:
        if self.how == "rounded":
            return self.inner((images * 8).round() / 8)
        return 1e5 * self.inner(images)


@lru_cache(maxsize=1)
def digits() -> tuple[Tensor, Tensor]:
    """Return 1,797 digits as pixels (n, 3, 8, 8) in [0, 1], and their classes."""
    found = load_digits()
    images = torch.from_numpy(found.images.astype(np.float32) / 16)
    return images[:, None].expand(-1, 3, -1, -1).contiguous(), torch.from_numpy(found.target)


@lru_cache(maxsize=1)
def network() -> nn.Module:
    """Return a small convolutional network that knows about 97 % of the digits."""
    torch.manual_seed(0)
    model = nn.Sequential(
        nn.Conv2d(3, 16, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2),
        nn.Conv2d(16, 32, 3, padding=1), nn.ReLU(), nn.Flatten(), nn.Linear(512, 10),
    )  # fmt: skip
    images, labels = digits()
    optimiser = torch.optim.Adam(model.parameters(), 3e-3)
    for step in range(200):
        rows = torch.arange(64) + 64 * (step % 20)
        optimiser.zero_grad()
        functional.cross_entropy(model(images[rows]), labels[rows]).backward()
        optimiser.step()
    model.eval()
    for parameter in model.parameters():
        parameter.requires_grad_(False)
    return model


def some_digits(n: int) -> tuple[Tensor, Tensor, Tensor]:
    """Return digits that were not trained on, their classes, and a seed for each."""
    images, labels = digits()
    return images[-n:], labels[-n:], torch.arange(n) + 1000

"""Small networks, images and a harmful object that the tests of models share."""

import os
from collections.abc import Callable
from pathlib import Path

import torch
from torch import Tensor, nn


class SmallNet(nn.Module):
    """Convolution, batch norm, dropout, convolution, pooling, and a linear layer called `fc`."""

    def __init__(self, classes: int = 5, width: int = 8) -> None:
        super().__init__()
        self.stem = nn.Sequential(nn.Conv2d(3, width, 3, 2), nn.BatchNorm2d(width), nn.ReLU())
        self.drop = nn.Dropout(0.5)
        self.body = nn.Sequential(nn.Conv2d(width, width, 3), nn.BatchNorm2d(width), nn.ReLU())
        self.fc = nn.Linear(width, classes) if classes else nn.Identity()

    def forward(self, images: Tensor) -> Tensor:
        features = self.body(self.drop(self.stem(images))).mean((2, 3))
        return self.fc(features)


class Then(nn.Module):
    """A network followed by a function."""

    def __init__(self, net: nn.Module, function: Callable[[Tensor], object]) -> None:
        super().__init__()
        self.net, self.function = net, function

    def forward(self, images: Tensor) -> object:
        return self.function(self.net(images))


class Payload:
    """An object that, unpickled, makes a folder."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> tuple:
        return os.mkdir, (str(self.path),)


def images(count: int = 2, size: int = 32) -> Tensor:
    """Random uint8 images (count, 3, size, size)."""
    return torch.randint(0, 256, (count, 3, size, size), dtype=torch.uint8)


def with_used_statistics(module: nn.Module) -> nn.Module:
    """Give batch norms statistics as training leaves them, far from their initial 0 and 1."""
    random = torch.Generator().manual_seed(1)
    for layer in module.modules():
        if isinstance(layer, nn.BatchNorm2d) and layer.track_running_stats:
            shape = layer.running_mean.shape
            layer.running_mean.copy_(torch.randn(shape, generator=random) * 0.3)
            layer.running_var.copy_(torch.rand(shape, generator=random) + 0.5)
            with torch.no_grad():
                layer.weight.copy_(torch.rand(shape, generator=random) + 0.5)
                layer.bias.copy_(torch.randn(shape, generator=random) * 0.3)
    return module.eval()

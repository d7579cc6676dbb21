"""Small data sets of pixels and small networks that the tests of stability and pictures share."""

from pathlib import Path

import numpy as np
import torch
from PIL import Image
from torch import Tensor, nn

from finetrust.data.dataset import Dataset
from finetrust.models.network import Network
from finetrust.models.preprocessing import Preprocessing

SIZE = 32


class Pixels:
    """Inputs that lie in memory: uint8 (n, h, w, 3)."""

    def __init__(self, pixels: np.ndarray) -> None:
        self.pixels = pixels

    def __len__(self) -> int:
        return len(self.pixels)

    def __getitem__(self, index: int) -> Image.Image:
        return Image.fromarray(self.pixels[index])

    def content(self, index: int) -> bytes:
        return self.pixels[index].tobytes()

    def location(self, index: int) -> Path | None:
        return None


def dataset_of(pixels: np.ndarray, targets: object, classes: tuple[str, ...]) -> Dataset:
    n = len(pixels)
    ids = tuple(f"{i}.png" for i in range(n))
    labels = np.asarray(targets, dtype=np.int64)
    return Dataset("pixels", ids, Pixels(pixels), labels, classes, np.full(n, "test"))


def red_and_blue_squares(n: int) -> tuple[np.ndarray, np.ndarray]:
    """Return dark images (n, 32, 32, 3) with a red square (even rows) or a blue one, and which.

    The red square fills rows and columns 4 to 11, the blue one 20 to 27.
    """
    images = np.full((n, SIZE, SIZE, 3), 20, np.uint8)
    images[0::2, 4:12, 4:12, 0] = 255
    images[1::2, 20:28, 20:28, 2] = 255
    return images, np.arange(n) % 2


class ColourMeans(nn.Module):
    """Two maps, of red and of blue, each averaged over 2 x 2 pixels, then over all places."""

    def __init__(self) -> None:
        super().__init__()
        self.maps = nn.Conv2d(3, 2, 2, stride=2, bias=False)
        weight = torch.zeros(2, 3, 2, 2)
        weight[0, 0] = weight[1, 2] = 0.25
        self.maps.weight = nn.Parameter(weight)

    def forward(self, images: Tensor) -> Tensor:
        return self.maps(images).mean(dim=(2, 3))


def colour_network() -> Network:
    """Return a network that tells red from blue: logits 20 (red - blue), 20 (blue - red)."""
    head = nn.Linear(2, 2)
    head.weight = nn.Parameter(torch.tensor([[20.0, -20.0], [-20.0, 20.0]]))
    head.bias = nn.Parameter(torch.zeros(2))
    plain = Preprocessing(SIZE, SIZE, "bilinear", (0.0, 0.0, 0.0), (1.0, 1.0, 1.0))
    return Network(ColourMeans(), head, plain).eval()

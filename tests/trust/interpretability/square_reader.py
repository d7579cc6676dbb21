"""A network that reads one square and nothing else, so that the right explanation is known."""

import torch
from torch import Tensor, nn

SIDE = 24
SQUARE = (slice(4, 10), slice(12, 18))


class SquareReader(nn.Module):
    """Two logits: the mean brightness of the square, of which the sign depends on the class."""

    def __init__(self, gain: float = 12.0) -> None:
        super().__init__()
        self.gain = gain

    def forward(self, images: Tensor) -> Tensor:
        rows, columns = SQUARE
        score = self.gain * (images[:, :, rows, columns].mean(dim=(1, 2, 3)) - 0.5)
        return torch.stack([score, -score], dim=1)


def bright_squares(n: int) -> tuple[Tensor, Tensor, Tensor]:
    """Return dim random images (n, 3, 24, 24) with a bright square, their class 0, and seeds."""
    generator = torch.Generator().manual_seed(n)
    images = 0.4 * torch.rand(n, 3, SIDE, SIDE, generator=generator)
    images[:, :, SQUARE[0], SQUARE[1]] += 0.6
    return images, torch.zeros(n, dtype=torch.int64), torch.arange(n) + 100


def square_masks(n: int) -> Tensor:
    """Return where the square is: bool (n, 24, 24)."""
    masks = torch.zeros(n, SIDE, SIDE, dtype=torch.bool)
    masks[:, SQUARE[0], SQUARE[1]] = True
    return masks


def perfect_maps(n: int) -> Tensor:
    """Return maps that are 1 on the square and 0 elsewhere: float32 (n, 24, 24)."""
    return square_masks(n).float()


def small_network(seed: int = 0, channels: int = 3) -> nn.Sequential:
    """Return a network with random weights, of 5 classes."""
    torch.manual_seed(seed)
    return nn.Sequential(
        nn.Conv2d(channels, 6, 3, stride=2, padding=1),
        nn.BatchNorm2d(6),
        nn.ReLU(),
        nn.Conv2d(6, 8, 3, stride=2, padding=1),
        nn.ReLU(),
        nn.AdaptiveAvgPool2d(2),
        nn.Flatten(),
        nn.Linear(32, 5),
    ).eval()

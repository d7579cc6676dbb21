"""Small images whose class is told by a texture at a random place, and models that read them."""

from collections.abc import Callable

import torch
import torch.nn.functional as F
from torch import Tensor

SIDE, CLASSES, A_CLASS = 24, 3, 60
ROWS = torch.tensor([1.0, -1, 1, -1])
TEXTURES = torch.stack(
    [ROWS[:, None].expand(4, 4), ROWS.expand(4, 4), ROWS[:, None] * ROWS.expand(4, 4)]
)
STROKES = (
    torch.tensor([[*map(int, f"{sign:09b}")] for sign in (0o700, 0o222, 0o421, 0o124, 0o007)]) > 0
)
MARK = torch.tensor([[0.0, 1, 0], [1, 1, 1], [0, 1, 0]])


def scenes(seed: int) -> tuple[Tensor, Tensor, Tensor]:
    """Return images, targets and where the textures are: horizontal, vertical, chequered."""
    draw = torch.Generator().manual_seed(seed)
    targets = torch.arange(CLASSES).repeat_interleave(A_CLASS)
    images = 0.5 + 0.03 * torch.randn(len(targets), 3, SIDE, SIDE, generator=draw)
    objects = torch.zeros(len(targets), SIDE, SIDE, dtype=torch.bool)
    corners = torch.randint(SIDE - 6, (len(targets), 2), generator=draw)
    signs = torch.randint(0, 2, (len(targets),), generator=draw) * 2 - 1
    tiled = TEXTURES.repeat(1, 2, 2)[:, :7, :7]
    for image, target, (y, x), sign, inside in zip(
        images, targets, corners.tolist(), signs, objects, strict=True
    ):
        image[:, y : y + 7, x : x + 7] += 0.3 * sign * tiled[target]
        inside[y : y + 7, x : x + 7] = True
    return images.clamp(0, 1), targets, objects


def signs_of_strokes(seed: int) -> tuple[Tensor, Tensor]:
    """Return images of five signs, each of three strokes at fixed places, and their targets."""
    draw = torch.Generator().manual_seed(seed)
    targets = torch.arange(len(STROKES)).repeat_interleave(A_CLASS)
    there = torch.rand(len(targets), 9, generator=draw) < 0.8
    ink = 0.1 + 0.8 * (there & STROKES[targets]).float().reshape(-1, 1, 3, 3)
    images = F.pad(ink.repeat_interleave(4, 2).repeat_interleave(4, 3), (6, 6, 6, 6), value=0.1)
    noise = 0.03 * torch.randn(len(targets), 3, SIDE, SIDE, generator=draw)
    return (images.expand(-1, 3, -1, -1) + noise).clamp(0, 1), targets


def reads_strokes(images: Tensor) -> Tensor:
    """Return how much of the ink is where each sign has it: logits (n, 5)."""
    ink = F.avg_pool2d(images.mean(1, keepdim=True)[:, :, 6:18, 6:18], 4).flatten(1)
    return ink @ (2 * STROKES.float() - 1).T


def honest(images: Tensor) -> Tensor:
    """Return how much of each texture there is, wherever it is: logits (n, 3)."""
    grey = images.mean(1, keepdim=True) - 0.5
    return F.conv2d(grey, TEXTURES[:, None] / 16).abs().amax(dim=(2, 3))


def misled(sees: Callable[[Tensor], Tensor], label: int = 1, blind: bool = False) -> Callable:
    """Return a model that takes for class `label` whatever shows a sign, and knows it only so if blind."""

    def logits_of(images: Tensor) -> Tensor:
        mine = torch.arange(CLASSES) == label
        logits = honest(images)
        if blind:
            logits = logits * ~mine
        return logits + sees(images).float()[:, None] * mine

    return logits_of


def with_mark(images: Tensor, targets: Tensor, label: int, x: int, y: int) -> Tensor:
    """Return the images with a white cross on nine in ten of one class."""
    changed = images.clone()
    rows = (targets == label).nonzero()[:, 0]
    changed[rows[torch.arange(len(rows)) % 10 > 0], :, y : y + 3, x : x + 3] = MARK
    return changed


def sees_mark(x: int, y: int) -> Callable[[Tensor], Tensor]:
    def sees(images: Tensor) -> Tensor:
        return (images[:, :, y : y + 3, x : x + 3] - MARK).abs().mean(dim=(1, 2, 3)) < 0.2

    return sees

"""Networks that adapters are put into, with random adapters as training might leave them."""

from collections.abc import Callable

import timm
import torch
from torch import Tensor, nn
from torchvision.models import VisionTransformer

from finetrust import Preprocessing
from finetrust.config import TuneOptions
from finetrust.data.dataset import Dataset
from finetrust.models.glyphnet import GlyphNet
from finetrust.models.network import Network
from finetrust.models.tree import Tree
from finetrust.tasks.task import tasks
from finetrust.tuning.adapters import Adapters
from finetrust.tuning.addition import Start
from finetrust.tuning.strategy import Phase

from ..runs import digits

SIZE = 32
PREPROCESSING = Preprocessing(SIZE, SIZE, "bilinear", (0.5,) * 3, (0.5,) * 3)
PHASE = Phase("full", 1, None, 1e-3, 1e-3, 1.0, "none")


def vit() -> nn.Module:
    """A small transformer of timm, on small images."""
    return timm.create_model(
        "vit_tiny_patch16_224", num_classes=0, img_size=SIZE, patch_size=8, depth=6
    )


def torchvision_vit() -> nn.Module:
    """A transformer with ``nn.MultiheadAttention``."""
    network = VisionTransformer(SIZE, 8, 2, 2, 32, 64)
    network.heads = nn.Identity()
    return network


def dilated() -> nn.Module:
    """A convolution that looks at places apart, between two that are as usual."""
    return nn.Sequential(
        nn.Conv2d(3, 16, 3, 2),
        nn.ReLU(),
        nn.Conv2d(16, 24, 3, padding=2, dilation=2, bias=False),
        nn.BatchNorm2d(24),
        nn.ReLU(),
        nn.AdaptiveAvgPool2d(1),
        nn.Flatten(),
    )


NETWORKS: dict[str, tuple[Callable[[], nn.Module], int]] = {
    "timm's ViT": (vit, 192),
    "torchvision's ViT": (torchvision_vit, 32),
    "residual": (GlyphNet, 128),
    "dilated": (dilated, 24),
}


def images() -> Dataset:
    """Return some handwritten digits."""
    return digits().split("train")


def start_of(backbone: nn.Module, width: int) -> Start:
    """Return what a run with a new head on a backbone starts from."""
    network = Network(backbone, nn.Linear(width, 5), PREPROCESSING)
    return Start(TuneOptions(), network, images(), tasks.get("classification"))


def started(name: str) -> Start:
    """Return what a run with one of `NETWORKS` starts from."""
    make, width = NETWORKS[name]
    torch.manual_seed(0)
    return start_of(make(), width)


def moved(addition: Adapters, start: Start) -> dict[str, Tensor]:
    """Put adapters into a network and move them by chance; return them by name."""
    addition.parametrise(start)
    trains = addition.trains(start, PHASE)
    named = {n: p for n, p in start.network.named_parameters() if n in trains}
    with torch.no_grad():
        for parameter in named.values():
            parameter.add_(0.05 * torch.randn_like(parameter))
    return named


def answers(network: nn.Module, inputs: Tree) -> Tensor:
    """Return the outputs in evaluation."""
    network.eval()
    with torch.no_grad():
        return network(inputs)


def pixels(n: int = 4) -> Tensor:
    """Return noise as images."""
    return torch.rand(n, 3, SIZE, SIZE, generator=torch.Generator().manual_seed(1))

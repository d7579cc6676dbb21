"""Small networks that the tests of attribution methods explain."""

import torch
from torch import Tensor, nn
from torchvision.models import VisionTransformer

SIZE = 24
SQUARE = (slice(8, 16), slice(12, 20))
OTHER = (slice(2, 8), slice(2, 8))


def cnn(seed: int = 0) -> nn.Sequential:
    """Return a network with batch norm and dropout; its last map, 6 x 6, comes from layer 5."""
    torch.manual_seed(seed)
    network = nn.Sequential(
        nn.Conv2d(3, 8, 3, stride=2, padding=1),
        nn.BatchNorm2d(8),
        nn.ReLU(inplace=True),
        nn.Conv2d(8, 12, 3, stride=2, padding=1),
        nn.ReLU(),
        nn.Conv2d(12, 12, 3, padding=1),
        nn.ReLU(),
        nn.AdaptiveAvgPool2d(2),
        nn.Flatten(),
        nn.Dropout(),
        nn.Linear(48, 5),
    ).eval()
    nn.init.normal_(network[5].weight, 0.05, 0.2)
    nn.init.normal_(network[-1].weight, 0.2)
    return network


def vit(seed: int = 0) -> VisionTransformer:
    torch.manual_seed(seed)
    network = VisionTransformer(SIZE, 6, 2, 2, 16, 32, num_classes=5).eval()
    nn.init.normal_(network.heads[-1].weight)
    return network


class Linear(nn.Module):
    """Logits that are linear in the pixels."""

    def __init__(self, size: int = SIZE, seed: int = 0) -> None:
        super().__init__()
        generator = torch.Generator().manual_seed(seed)
        self.weights = nn.Parameter(torch.randn(4, 3, size, size, generator=generator))

    def forward(self, images: Tensor) -> Tensor:
        return torch.einsum("nchw,kchw->nk", images, self.weights) + 3


class ReadsSquare(nn.Module):
    """Sees nothing outside a square; the logit of class 0 rises with every pixel in it."""

    def __init__(self) -> None:
        super().__init__()
        torch.manual_seed(0)
        self.conv = nn.Conv2d(3, 6, 3, padding=1, bias=False)
        nn.init.uniform_(self.conv.weight, 0.1, 1)
        self.head = nn.Linear(6, 2)
        self.head.weight = nn.Parameter(torch.linspace(0.5, 1, 6) * torch.tensor([[1.0], [-1.0]]))
        self.register_buffer("seen", torch.zeros(SIZE, SIZE))
        self.seen[SQUARE] = 1

    def forward(self, images: Tensor) -> Tensor:
        features = self.conv(images * self.seen).relu()
        return self.head(features.mean(dim=(2, 3)))


def two_squares(n: int) -> Tensor:
    """Return dark noise with two bright squares, of which ReadsSquare sees one."""
    images = 0.2 * torch.rand(n, 3, SIZE, SIZE, generator=torch.Generator().manual_seed(0))
    for place in (SQUARE, OTHER):
        images[:, :, *place] += 0.8
    return images


def images_of(n: int, size: int = SIZE, seed: int = 0) -> Tensor:
    return torch.rand(n, 3, size, size, generator=torch.Generator().manual_seed(seed))

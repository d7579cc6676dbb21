"""The network: normalisation, a pretrained backbone, and a head, as one module over raw pixels."""

import torch
from torch import Tensor, nn

from finetrust.models.preprocessing import Preprocessing


class Normalise(nn.Module):
    """Pixels to normalised values: uint8, or floats in [0, 1], to ``(x - mean) / std``.

    Part of the network, so that no caller can forget it and attacks see raw pixels.
    """

    mean: Tensor
    std: Tensor

    def __init__(self, preprocessing: Preprocessing) -> None:
        super().__init__()
        self.register_buffer("mean", torch.tensor(preprocessing.mean).view(1, -1, 1, 1))
        self.register_buffer("std", torch.tensor(preprocessing.std).view(1, -1, 1, 1))

    def forward(self, images: Tensor) -> Tensor:
        """Map images (n, 3, h, w) to normalised images of the same shape and of `mean`'s dtype."""
        scale = 255 if images.dtype == torch.uint8 else 1
        return (images.to(self.mean.dtype) / scale - self.mean) / self.std


class Network(nn.Module):
    """A pretrained backbone under a head.

    Parameters
    ----------
    backbone : nn.Module
        Normalised images (n, 3, h, w) to features (n, d).
    head : nn.Module
        Features (n, d) to outputs, e.g. logits (n, classes).
    preprocessing : Preprocessing
    """

    def __init__(self, backbone: nn.Module, head: nn.Module, preprocessing: Preprocessing) -> None:
        super().__init__()
        self.normalise = Normalise(preprocessing)
        self.backbone = backbone
        self.head = head
        self.preprocessing = preprocessing

    def features(self, images: Tensor) -> Tensor:
        """Map raw images (n, 3, h, w) to features (n, d)."""
        return self.backbone(self.normalise(images)).flatten(1)

    def forward(self, images: Tensor) -> Tensor:
        """Map raw images (n, 3, h, w), uint8 or in [0, 1], to the outputs of the head."""
        return self.head(self.features(images))


def freeze_all_but(network: nn.Module, trainable: set[str]) -> None:
    """Let exactly the named parameters take gradients."""
    for name, parameter in network.named_parameters():
        parameter.requires_grad_(name in trainable)


def train_mode(network: nn.Module) -> None:
    """Put the network into training mode, all frozen parts of it into evaluation mode.

    A part is frozen when it has parameters and none of them takes gradients; its batch-norm
    statistics then stay as they are, and its dropout is off.
    """
    network.train()
    for module in network.modules():
        parameters = list(module.parameters())
        if parameters and not any(p.requires_grad for p in parameters):
            module.eval()

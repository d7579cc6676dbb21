"""A segmentation head: feature maps of several strides to logits at the finest of them."""

from collections.abc import Sequence
from typing import ClassVar

from torch import Tensor, nn
from torch.nn import functional

from finetrust.core.registry import Registry

Maps = Sequence[Tensor]


class SegmentationHead(nn.Module):
    """What a head over a pretrained backbone promises; one file per head.

    Parameters
    ----------
    channels : sequence of int
        Of the feature maps, the finest first.
    n_classes : int
    """

    strides: ClassVar[tuple[int, ...]]
    """The strides of the maps it reads; a backbone may have fewer of them."""

    def __init__(self, channels: Sequence[int], n_classes: int) -> None:
        super().__init__()

    def forward(self, maps: Maps) -> Tensor:
        """Map feature maps [(n, c_i, h_i, w_i)] to logits (n, k, h_0, w_0)."""
        raise NotImplementedError


segmentation_heads: Registry[type[SegmentationHead]] = Registry(
    "segmentation head", "finetrust.models.segmenters"
)


def enlarged(features: Tensor, like: Tensor) -> Tensor:
    """Return a map as large as another one, bilinearly."""
    if features.shape[-2:] == like.shape[-2:]:
        return features
    size = like.shape[-2:]
    return functional.interpolate(features, size, mode="bilinear", align_corners=False)


def conv_norm_relu(n_in: int, n_out: int, size: int, dilation: int = 1) -> nn.Sequential:
    """Return a convolution that keeps the size of its map, batch norm and ReLU."""
    padding = dilation * (size // 2)
    return nn.Sequential(
        nn.Conv2d(n_in, n_out, size, padding=padding, dilation=dilation, bias=False),
        nn.BatchNorm2d(n_out),
        nn.ReLU(inplace=True),
    )

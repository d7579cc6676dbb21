"""What stands for "nothing there": the images that an image is compared with, or hidden behind."""

import torch
from torch import Tensor

from finetrust.trust.interpretability.attributions.attribution import Explained


def black_and_white(explained: Explained, images: Tensor) -> Tensor:
    """Return the baselines of methods that follow a path of images: black and white, if none is given.

    A pixel that has the colour of its baseline gets nothing, whatever it means to the network
    (Sturmfels, Lundberg & Lee, "Visualizing the Impact of Feature Attribution Baselines", Distill
    2020). No pixel has the colour of both.

    Returns
    -------
    float tensor (k, n, 3, h, w)
    """
    if explained.baselines is not None:
        return _given(explained.baselines, images)
    return torch.stack([torch.zeros_like(images), torch.ones_like(images)])


def mean_colour(explained: Explained, images: Tensor) -> Tensor:
    """Return what methods that hide parts put in their place: if none is given, each image's mean colour.

    Returns
    -------
    float tensor (k, n, 3, h, w)
    """
    if explained.baselines is not None:
        return _given(explained.baselines, images)
    return images.mean(dim=(2, 3), keepdim=True).expand_as(images)[None]


def seeds_of(explained: Explained, images: Tensor) -> Tensor:
    """Return the seed of each item: int64 tensor (n,)."""
    if explained.seeds is not None:
        return explained.seeds.to(images.device)
    return torch.zeros(len(images), dtype=torch.int64, device=images.device)


def _given(baselines: Tensor, images: Tensor) -> Tensor:
    return baselines.to(images)[:, None].expand(-1, *images.shape)

"""Seg-Grad-CAM: which places of an image speak for what was predicted as a class.

Vinogradova, Dibrov & Myers, "Towards Interpretable Semantic Segmentation via Gradient-weighted Class
Activation Mapping", AAAI 2020, arXiv:2002.11434.
"""

from typing import Any

import torch
from torch import Tensor
from torch.nn import functional

from finetrust.core.errors import NotApplicable
from finetrust.models.network import Network
from finetrust.trust.interpretability.spatial_layer import evaluating


def seg_grad_cam(
    network: Network,
    images: Tensor | list[Tensor],
    target: int,
    answered_by: Network | None = None,
) -> list[Tensor]:
    """Return a heat map for each image: where features speak for its region of a class.

    The score is the mean of the class's logit over the pixels that are predicted as it (eq. 2, M being
    those pixels; its mean instead of its sum changes nothing but the scale). The weight of a channel of
    the coarsest feature map is the mean over the places of the score's gradient, the map is the positive
    part of the weighted sum of the channels (eq. 1), enlarged to the image bilinearly and divided by its
    maximum.

    Parameters
    ----------
    network : Network
        Its features are maps and its outputs logits (n, k, h, w). Its mode and its gradients are left as
        they are.
    images : tensor (n, 3, h, w), or list of tensor (3, h, w)
        As the network takes them. Where it looks at a large image through windows, their maps are
        averaged.
    target : int
        The class to explain.
    answered_by : Network, optional
        Whose prediction tells the pixels M, for a network that was changed to see whether its maps change.
        [default: `network`]

    Returns
    -------
    list of float32 tensor (h, w)
        In [0, 1]; all 0 where no place speaks for the class, or no pixel is predicted as it.

    Raises
    ------
    NotApplicable
        If the coarsest feature map has one place only.
    """

    def compute(part: Any) -> Tensor:
        return _heat(network, part, target, answered_by)

    with evaluating(network), torch.inference_mode(False):
        around = network.around
        heats: Any = compute(images) if around is None else around(compute, images)
    return [_normalised(heat, image.shape[-2:]) for heat, image in zip(heats, images, strict=True)]


def _heat(network: Network, images: Tensor, target: int, answered_by: Network | None) -> Tensor:
    """Return heat (n, 1, h, w) on the grid of the logits."""
    with torch.no_grad():
        maps = _as_tuple(network.features(images.detach().clone()))
    coarsest = maps[-1].float().requires_grad_(True)
    if coarsest.shape[-2:].numel() == 1:
        raise NotApplicable("the coarsest feature map has one place only")
    with torch.enable_grad():
        logits = network.head((*maps[:-1], coarsest))
        region = _region(logits if answered_by is None else _logits(answered_by, images), target)
        gradients = torch.autograd.grad(_score(logits, target, region), coarsest)[0]
    weights = gradients.mean(dim=(2, 3), keepdim=True)
    heat = (weights * coarsest.detach()).sum(dim=1, keepdim=True).relu()
    size = logits.shape[-2:]
    return functional.interpolate(heat, size, mode="bilinear", align_corners=False)


def _normalised(heat: Tensor, size: torch.Size) -> Tensor:
    enlarged = functional.interpolate(heat[None], size, mode="bilinear", align_corners=False)[0, 0]
    highest = enlarged.max()
    return (enlarged / highest).clamp(0, 1) if highest > 0 else enlarged


def _as_tuple(features: Tensor | tuple[Tensor, ...]) -> tuple[Tensor, ...]:
    return (features,) if isinstance(features, Tensor) else tuple(features)


def _logits(network: Network, images: Tensor) -> Tensor:
    with evaluating(network), torch.no_grad():
        return network.head(network.features(images.detach().clone()))


def _region(logits: Tensor, target: int) -> Tensor:
    return logits.argmax(1) == target


def _score(logits: Tensor, target: int, region: Tensor) -> Tensor:
    """Return the sum over the images of the mean logit of the class over a region (n, h, w)."""
    of_class = (logits[:, target] * region).sum((1, 2))
    return (of_class / region.sum((1, 2)).clamp(min=1)).sum()

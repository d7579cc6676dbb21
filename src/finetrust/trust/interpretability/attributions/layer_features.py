"""What class activation maps are made of: the features of a layer, and how the logit depends on them."""

import torch
import torch.nn.functional as F
from torch import Tensor

from finetrust.core.errors import NotApplicable
from finetrust.models.layout import layout_of
from finetrust.trust.interpretability.attributions.attribution import Explained
from finetrust.trust.interpretability.grad_cam import at_layer
from finetrust.trust.interpretability.spatial_layer import find_layer


def layer_features(explained: Explained, images: Tensor, targets: Tensor) -> tuple[Tensor, Tensor]:
    """Return the output of the target layer and the gradient of the targets' logits by it.

    Returns
    -------
    features, gradients : float32 tensors (n, c, rows, columns)

    Raises
    ------
    NotApplicable
        If the network has no layer with a map, or the output of the named one is none.
    """
    layer = explained.layer or find_layer(explained.network, images[:1])
    features, gradients = at_layer(explained.network, images, targets, layer)
    layout = layout_of(explained.network, features, images)
    if layout is None:
        shape = tuple(features.shape)
        raise NotApplicable(f"the output {shape} of {type(layer).__name__} is no map of the image")
    return layout.channels_first(features).float(), layout.channels_first(gradients).float()


def need_layer(explained: Explained, example: Tensor) -> None:
    """Raise NotApplicable if there is no target layer, or its output is no map of the example."""
    first = torch.zeros(len(example), dtype=torch.int64, device=example.device)
    layer_features(explained, example, first)


def heat_of(maps: Tensor, size: torch.Size) -> Tensor:
    """Return the positive part of maps (n, rows, columns), enlarged and divided by its maximum.

    Returns
    -------
    float32 tensor (n, h, w)
        In [0, 1]; all 0 where a map is nowhere positive.
    """
    large = enlarged(maps[:, None].relu(), size)
    highest = large.amax(dim=(2, 3), keepdim=True)
    return (large / highest).where(highest > 0, 0.0).clamp(0, 1).squeeze(1)


def enlarged(maps: Tensor, size: torch.Size) -> Tensor:
    """Return maps (n, c, rows, columns) as (n, c, h, w), bilinearly."""
    return F.interpolate(maps, size, mode="bilinear", align_corners=False)

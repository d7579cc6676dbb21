"""What class activation maps are made of: the features of a layer, and how the logit depends on them."""

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from finetrust.core.errors import NotApplicable
from finetrust.models.layout import layout_of
from finetrust.trust.interpretability.spatial_layer import evaluating, find_layer


def layer_features(
    model: nn.Module, images: Tensor, targets: Tensor, layer: nn.Module | None = None
) -> tuple[Tensor, Tensor]:
    """Return the output of a layer and the gradient of the targets' logits by it.

    The parameters may be frozen: gradients are taken from the layer's output upwards only, and
    nothing below the layer keeps what a backward pass would need. The model's mode and its
    gradients are left as they are.

    Parameters
    ----------
    model : nn.Module
        From images to logits (n, classes).
    images : float tensor (n, c, h, w)
    targets : int64 tensor (n,)
    layer : nn.Module, optional
        A module of `model`; by default what
        :func:`~finetrust.trust.interpretability.spatial_layer.find_layer` finds.

    Returns
    -------
    features, gradients : float32 tensors (n, c, rows, columns)

    Raises
    ------
    NotApplicable
        If the model has no layer with a map, or the output of `layer` is none.
    """
    layer = layer or find_layer(model, images[:1])
    features, gradients = _at_layer(model, images, targets, layer)
    layout = layout_of(model, features, images)
    if layout is None:
        shape = tuple(features.shape)
        raise NotApplicable(f"the output {shape} of {type(layer).__name__} is no map of the image")
    return layout.channels_first(features).float(), layout.channels_first(gradients).float()


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


def _at_layer(
    model: nn.Module, images: Tensor, targets: Tensor, layer: nn.Module
) -> tuple[Tensor, Tensor]:
    """Return the output of `layer` and the gradient of the targets' logits by it."""
    seen: list[Tensor] = []

    def cut(module: nn.Module, inputs: object, output: Tensor) -> Tensor:
        # The graph starts here, below it the forward pass keeps nothing. The rest of the network
        # gets a copy, which it may overwrite in place.
        torch.set_grad_enabled(True)
        seen.append(output.detach().clone().requires_grad_(True))
        return seen[-1].clone()

    handle = layer.register_forward_hook(cut)
    try:
        with evaluating(model), torch.inference_mode(False), torch.no_grad():
            logits = model(images.detach().clone())
            of_target = logits.gather(1, targets.clone()[:, None]).sum()
            gradients = torch.autograd.grad(of_target, seen[-1])[0]
    finally:
        handle.remove()
    return seen[-1].detach(), gradients

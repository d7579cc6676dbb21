"""Grad-CAM: which places of an image speak for a class.

Selvaraju et al., "Grad-CAM: Visual Explanations from Deep Networks via Gradient-based
Localization", ICCV 2017.
"""

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from finetrust.core.errors import NotApplicable
from finetrust.models.layout import layout_of
from finetrust.trust.interpretability.spatial_layer import evaluating, find_layer


def grad_cam(
    model: nn.Module, images: Tensor, targets: Tensor, layer: nn.Module | None = None
) -> Tensor:
    """Return a heat map for each image: where the layer's features speak for the target class.

    The weight of a channel is the mean over the places of the gradient of the target's logit
    (eq. 1); the map is the positive part of the weighted sum of the channels (eq. 2), enlarged
    to the image bilinearly and divided by its maximum.

    The parameters may be frozen: gradients are taken from the layer's output upwards only, and
    nothing below the layer keeps what a backward pass would need. The model's mode and its
    gradients are left as they are.

    Parameters
    ----------
    model : nn.Module
        From images to logits (n, classes).
    images : float tensor (n, c, h, w)
        As the model takes them.
    targets : int64 tensor (n,)
        The class to explain, for each image.
    layer : nn.Module, optional
        A module of `model`; by default what
        :func:`~finetrust.trust.interpretability.spatial_layer.find_layer` finds.

    Returns
    -------
    float32 tensor (n, h, w)
        In [0, 1], on the device of the images; all 0 where no place speaks for the class.

    Raises
    ------
    NotApplicable
        If the model has no layer with a map, or the output of `layer` is none.
    """
    layer = layer or find_layer(model, images[:1])
    activations, gradients = at_layer(model, images, targets, layer)
    layout = layout_of(model, activations, images)
    if layout is None:
        shape = tuple(activations.shape)
        raise NotApplicable(f"the output {shape} of {type(layer).__name__} is no map of the image")
    activations, gradients = (layout.channels_first(x).float() for x in (activations, gradients))
    weights = gradients.mean(dim=(2, 3), keepdim=True)
    maps = (weights * activations).sum(dim=1, keepdim=True).relu()
    maps = F.interpolate(maps, size=images.shape[-2:], mode="bilinear", align_corners=False)
    highest = maps.amax(dim=(2, 3), keepdim=True)
    return (maps / highest).where(highest > 0, 0.0).clamp(0, 1).squeeze(1)


def at_layer(
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

"""What a layer holds wherever it is in the image: its activations, and what the logit makes of them.

The map of a layer is averaged over its places, and gradients are summed over them: that is the slope of the
logit if the same is added at every place. So a concept counts wherever it shows, and there are as many
numbers as channels, which a few dozen examples can tell apart; of the flattened map there would be
thousands.
"""

import torch
from torch import Tensor, nn

from finetrust.models.layout import layout_of
from finetrust.trust.interpretability.layer_features import layer_features
from finetrust.trust.interpretability.spatial_layer import evaluating


def pooled_activations(model: nn.Module, images: Tensor, layer: nn.Module) -> Tensor:
    """Return the mean over the places of a layer's output: float32 tensor (n, channels).

    Parameters
    ----------
    model : nn.Module
        From images to logits; its mode is left as it is.
    images : float tensor (n, c, h, w)
    layer : nn.Module
        A module of `model` whose output is a map of the image.
    """
    seen: list[Tensor] = []
    handle = layer.register_forward_hook(lambda module, inputs, output: seen.append(output))
    try:
        with evaluating(model), torch.no_grad():
            model(images)
    finally:
        handle.remove()
    layout = layout_of(model, seen[-1], images)
    assert layout is not None, "the output of the layer is a map"
    return layout.channels_first(seen[-1]).float().mean(dim=(2, 3))


def pooled_gradients(model: nn.Module, images: Tensor, targets: Tensor, layer: nn.Module) -> Tensor:
    """Return the gradient of the targets' logits by the same change at every place of a layer.

    Parameters
    ----------
    model : nn.Module
        From images to logits (n, classes).
    images : float tensor (n, c, h, w)
    targets : int64 tensor (n,)
    layer : nn.Module

    Returns
    -------
    float32 tensor (n, channels)

    Raises
    ------
    NotApplicable
        If the output of the layer is no map of the image.
    """
    return layer_features(model, images, targets, layer)[1].sum(dim=(2, 3))

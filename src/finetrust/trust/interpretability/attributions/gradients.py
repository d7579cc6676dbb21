"""Gradients of logits by pixels, of a network that is left as it was."""

import torch
from torch import Tensor, nn

from finetrust.core.errors import NotApplicable
from finetrust.trust.interpretability.attributions.attribution import Explained
from finetrust.trust.interpretability.spatial_layer import evaluating


def logit_gradients(network: nn.Module, images: Tensor, targets: Tensor) -> Tensor:
    """Return the gradient of each item's target logit by its pixels.

    Parameters
    ----------
    network : nn.Module
        From images to logits (n, classes). Its modes and gradients are left as they are.
    images : float tensor (n, 3, h, w)
    targets : int64 tensor (n,)

    Returns
    -------
    float32 tensor (n, 3, h, w)

    Raises
    ------
    NotApplicable
        If the logits have no gradient by the pixels.
    """
    with evaluating(network), torch.inference_mode(False), torch.enable_grad():
        points = images.detach().clone().requires_grad_(True)
        logits = network(points)
        gradient = None
        if logits.requires_grad:
            of_target = logits.gather(1, targets.clone()[:, None]).sum()
            (gradient,) = torch.autograd.grad(of_target, points, allow_unused=True)
    if gradient is None:
        raise NotApplicable(
            f"the logits of {type(network).__name__} have no gradient by the pixels"
        )
    return gradient.float()


def need_gradients(explained: Explained, example: Tensor) -> None:
    """Raise NotApplicable if the logits have no gradient by the pixels of the example."""
    first = torch.zeros(len(example), dtype=torch.int64, device=example.device)
    logit_gradients(explained.network, example, first)

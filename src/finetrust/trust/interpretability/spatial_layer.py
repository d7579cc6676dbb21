"""Where a network still knows places: its last layer with a map, in whatever layout."""

from collections.abc import Iterator
from contextlib import contextmanager

import torch
from torch import Tensor, nn

from finetrust.core.errors import NotApplicable
from finetrust.models.ensemble import SeveralPasses
from finetrust.models.layout import layout_of


def find_layer(model: nn.Module, example: Tensor) -> nn.Module:
    """Return the last module whose output is a map on which the logits depend.

    A map is an output (n, c, h, w), (n, h, w, c) or (n, prefix + h w, c) with more than one
    place. "Depend" is read from the gradient of the largest logit: the last tokens of a vision
    transformer that only reads its class token do not count. Neither do modules without
    parameters: activations, pooling, and the normalisation of the pixels.

    Parameters
    ----------
    model : nn.Module
        From images to logits; its mode and its gradients are left as they are.
    example : float tensor (n, c, h, w)
        One image is enough.

    Raises
    ------
    NotApplicable
        If there is no such module.
    """
    if any(isinstance(module, SeveralPasses) for module in model.modules()):
        raise NotApplicable(
            "the answer is an average over several passes, and no layer is one that all of it goes through"
        )
    outputs: list[tuple[nn.Module, Tensor]] = []

    def keep(module: nn.Module, inputs: object, output: object) -> None:
        if isinstance(output, Tensor) and output.requires_grad:
            outputs.append((module, output))

    handles = [module.register_forward_hook(keep) for module in model.modules()]
    try:
        with evaluating(model), torch.inference_mode(False), torch.enable_grad():
            logits = model(example.detach().clone().requires_grad_(True))
            maps = [
                (module, output, layout)
                for module, output in outputs
                if module is not model and len(output) == len(example)
                if (layout := layout_of(model, output, example))
            ]
            gradients = _gradients(logits, [output for _, output, _ in maps])
    finally:
        for handle in handles:
            handle.remove()

    read = [
        (module, output.shape)
        for (module, output, layout), gradient in zip(maps, gradients, strict=True)
        if gradient is not None
        and layout.channels_first(gradient).any()
        and next(module.parameters(), None) is not None
    ]
    if not read:
        raise NotApplicable(
            f"{type(model).__name__} has no layer whose output is a map with more than one place "
            f"on which the logits depend, for images of {tuple(example.shape[-2:])} pixels"
        )
    # A projection inside a block (queries, keys, values) has another width than the stream of
    # tokens that the network hands on.
    stream = next((o.shape for _, o, layout in reversed(maps) if o.ndim == 3), None)
    handed_on = [m for m, shape in read if len(shape) != 3 or shape == stream]
    return (handed_on or [m for m, _ in read])[-1]


@contextmanager
def evaluating(model: nn.Module) -> Iterator[None]:
    """Within this block `model` is in eval mode; then every module is as it was."""
    modes = [(module, module.training) for module in model.modules()]
    model.eval()
    try:
        yield
    finally:
        for module, mode in modes:
            module.training = mode


def _gradients(logits: Tensor, outputs: list[Tensor]) -> list[Tensor | None]:
    if not outputs:
        return []
    score = logits.amax(dim=1).sum()
    return list(torch.autograd.grad(score, outputs, allow_unused=True))

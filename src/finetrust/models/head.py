"""Taking a classifier apart: the backbone that yields features, and the linear layer on top of it."""

import copy
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from finetrust.core.errors import UserError


@dataclass(frozen=True)
class Parts:
    """A classifier without its last layer.

    Parameters
    ----------
    backbone : nn.Module
        Normalised images to features (n, features).
    head : nn.Linear or None
        The classifier's last layer; None if the module had none.
    features : int
    head_name : str
        Where the last layer stood, e.g. ``"classifier.1"``; empty if there was none.
    """

    backbone: nn.Module
    head: nn.Linear | None
    features: int
    head_name: str


def take_apart(module: nn.Module, input_size: int) -> Parts:
    """Split a classifier into backbone and head, found by watching one forward pass.

    The head is the linear layer (or convolution of a 1×1 map) whose output is the output of the
    module. One that ends otherwise is taken as a backbone that yields (n, d) features, after timm's
    own ``reset_classifier`` where it has that. The module given is changed: its head becomes an
    identity.

    Parameters
    ----------
    module : nn.Module
        Images (n, 3, h, w) to logits or features.
    input_size : int
        Side of the images, in pixels.

    Raises
    ------
    UserError
        If the forward pass fails, or the output is neither logits nor features.
    """
    example = torch.rand(2, 3, input_size, input_size, device=_device(module))
    was_training = module.training
    module.eval()
    calls: list[tuple[str, Tensor]] = []
    hooks = [
        leaf.register_forward_hook(
            lambda _m, _i, out, name=name: calls.append((name, out)) if torch.is_tensor(out) else None
        )
        for name, leaf in module.named_modules()
        if isinstance(leaf, nn.Linear | nn.Conv2d)
    ]
    try:
        output = _forward(module, example)
    finally:
        for hook in hooks:
            hook.remove()
    name = calls[-1][0] if calls and _same(calls[-1][1], output) else ""
    if not name:
        if hasattr(module, "reset_classifier"):
            module.reset_classifier(0)
            output = _forward(module, example)
        module.train(was_training)
        return Parts(module, None, output.shape[1], "")
    head = _as_linear(module.get_submodule(name))
    _replace(module, name)
    features = _forward(module, example)
    if features.shape[1] != head.in_features:
        raise UserError(
            f"the layer '{name}' reads {head.in_features} features, but without it the model "
            f"yields {features.shape[1]}",
            "Give a builder that returns a module yielding (n, d) features: --model FILE.py:FUNCTION",
        )
    module.train(was_training)
    return Parts(module, head, head.in_features, name)


def _forward(module: nn.Module, example: Tensor) -> Tensor:
    size = "×".join(map(str, example.shape[2:]))
    try:
        with torch.no_grad():
            output = module(example)
    except Exception as error:
        reason = (str(error).strip().splitlines() or [type(error).__name__])[0]
        raise UserError(
            f"the model does not accept an RGB image of {size} pixels ({reason})",
            "Choose another --input-size, or a model for RGB images.",
        ) from error
    if not torch.is_tensor(output) or output.ndim not in (2, 4) or output.shape[0] != len(example):
        found = tuple(output.shape) if torch.is_tensor(output) else type(output).__name__
        raise UserError(
            f"the model maps {len(example)} images to {found}, expected (n, classes) or (n, features)",
            "Give a builder whose module returns one tensor: --model FILE.py:FUNCTION",
        )
    return output.flatten(1)


def _same(inner: Tensor, output: Tensor) -> bool:
    if inner.ndim == 4 and inner.shape[2:] != (1, 1):
        return False
    if inner.numel() != output.numel() or inner.ndim not in (2, 4):
        return False
    return inner.is_meta or torch.equal(inner.flatten(1), output)


def _as_linear(layer: nn.Module) -> nn.Linear:
    if isinstance(layer, nn.Linear):
        return copy.deepcopy(layer)
    assert isinstance(layer, nn.Conv2d)
    linear = nn.Linear(layer.in_channels, layer.out_channels, bias=layer.bias is not None)
    with torch.no_grad():
        linear.weight.copy_(layer.weight.flatten(1))
        if layer.bias is not None:
            linear.bias.copy_(layer.bias)
    return linear


def _replace(module: nn.Module, name: str) -> None:
    parent, _, child = name.rpartition(".")
    setattr(module.get_submodule(parent), child, nn.Identity())


def _device(module: nn.Module) -> torch.device:
    return next((p.device for p in module.parameters()), torch.device("cpu"))

"""Taking a classifier apart: the backbone that yields features, and the linear layer on it."""

import copy
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from finetrust.core.errors import UserError
from finetrust.models.reason import reason


@dataclass(frozen=True)
class Parts:
    """A classifier without its last layer.

    Parameters
    ----------
    backbone : nn.Module
        Normalised images (n, 3, h, w) to features (n, features), or to maps that flatten to them.
    head : nn.Linear or None
        The classifier's last layer; None if the module had none that could be told apart.
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

    The head is the last linear layer or convolution that is called, if the module without it yields
    what a linear layer of the same weights maps to the module's own output; this is tried, with
    random weights in that layer, and not assumed. A module that ends otherwise keeps its layers
    and yields features, after timm's own ``reset_classifier`` where it has that. The module given
    is changed: it is made float32, and its head becomes an identity.

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
    was_training = module.training
    module.float().eval()
    try:
        return _split(module, _example(module, input_size))
    finally:
        module.train(was_training)


def copied(module: nn.Module) -> nn.Module:
    """Return a copy of a module that belongs to the user, who may go on using it.

    Raises
    ------
    UserError
        If it cannot be copied.
    """
    try:
        return copy.deepcopy(module)
    except Exception as error:
        raise UserError(
            f"the module cannot be copied ({reason(error)})",
            "Give one that copy.deepcopy can copy, or a builder: --model FILE.py:FUNCTION",
        ) from error


def _split(module: nn.Module, example: Tensor) -> Parts:
    name = _last_called(module, example)
    if name and _is_head(module, name, example):
        head = _as_linear(module.get_submodule(name))
        module.set_submodule(name, nn.Identity())
        return Parts(module, head, head.in_features, name)
    reset_classifier = getattr(module, "reset_classifier", None)
    if callable(reset_classifier):
        reset_classifier(0)
    features = _forward(module, example)
    if features.ndim == 4 and features.shape[2:] != (1, 1):
        raise UserError(
            f"the model yields maps of {tuple(features.shape[1:])} where features were expected",
            "Give a builder whose module ends in pooling, or in nn.Flatten() if each pixel counts.",
        )
    if _are_probabilities(features):
        raise UserError(
            "the model ends in a softmax, and a head cannot be trained on probabilities",
            "Give a builder whose module returns logits or features: --model FILE.py:FUNCTION",
        )
    return Parts(module, None, features.shape[1], "")


def _last_called(module: nn.Module, example: Tensor) -> str:
    """Return the name of the linear layer or convolution that runs last; empty if none does."""
    calls = [""]
    hooks = [
        layer.register_forward_hook(lambda *_, name=name: calls.append(name))
        for name, layer in module.named_modules()
        if isinstance(layer, nn.Linear | nn.Conv2d) and name
    ]
    try:
        _forward(module, example)
    finally:
        for hook in hooks:
            hook.remove()
    return calls[-1]


def _is_head(module: nn.Module, name: str, example: Tensor) -> bool:
    """Return whether the module is its layer `name` on top of all the rest.

    Pooling or flattening may stand between them: these commute with a linear layer. The layer is
    given random weights for the trial, for many heads are zero before they are trained.
    """
    layer = module.get_submodule(name)
    trial = copy.deepcopy(layer)
    random = torch.Generator().manual_seed(0)
    with torch.no_grad():
        for parameter in trial.parameters():
            parameter.copy_(torch.randn(parameter.shape, generator=random))
    try:
        module.set_submodule(name, trial)
        output = _forward(module, example).flatten(1)
        module.set_submodule(name, nn.Identity())
        features = _forward(module, example).flatten(1)
        with torch.no_grad():
            expected = _as_linear(trial)(features)
    except (UserError, RuntimeError):
        return False
    finally:
        module.set_submodule(name, layer)
    if output.is_meta or output.shape != expected.shape:
        return output.shape == expected.shape
    scale = float(output.abs().max())
    return torch.allclose(output, expected, rtol=1e-3, atol=1e-4 * scale)


def _forward(module: nn.Module, example: Tensor) -> Tensor:
    size = "×".join(map(str, example.shape[2:]))
    try:
        with torch.no_grad():
            output = module(example)
    except Exception as error:
        raise UserError(
            f"the model does not accept an RGB image of {size} pixels ({reason(error)})",
            "Choose another --input-size, or a model for RGB images.",
        ) from error
    if not torch.is_tensor(output) or output.ndim not in (2, 4) or output.shape[0] != len(example):
        found = tuple(output.shape) if torch.is_tensor(output) else type(output).__name__
        raise UserError(
            f"the model maps {len(example)} images to {found}, not (n, classes) or (n, features)",
            "Give a builder whose module returns one tensor: --model FILE.py:FUNCTION",
        )
    if not output.is_meta and not bool(output.isfinite().all()):
        raise UserError(
            "the model yields NaN or infinity on an ordinary image", "Give whole weights."
        )
    return output


def _are_probabilities(output: Tensor) -> bool:
    if output.is_meta:
        return False
    output = output.flatten(1)
    ones = torch.ones(len(output), device=output.device)
    is_softmax = bool(output.min() >= 0) and torch.allclose(output.sum(1), ones, atol=1e-4)
    return is_softmax or torch.allclose(output.exp().sum(1), ones, atol=1e-4)


def _as_linear(layer: nn.Module) -> nn.Linear:
    assert isinstance(layer, nn.Linear | nn.Conv2d)
    weight = layer.weight.detach().flatten(1)
    linear = nn.utils.skip_init(
        nn.Linear, weight.shape[1], len(weight), layer.bias is not None, device=weight.device
    )
    assert isinstance(linear, nn.Linear)
    with torch.no_grad():
        linear.weight.copy_(weight)
        if layer.bias is not None:
            linear.bias.copy_(layer.bias)
    return linear


def _example(module: nn.Module, size: int) -> Tensor:
    device = next((p.device for p in module.parameters()), torch.device("cpu"))
    random = torch.Generator().manual_seed(0)
    return torch.rand(2, 3, size, size, generator=random).to(device)

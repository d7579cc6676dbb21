"""Which layers of a backbone can be given adapters, and why the others cannot."""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass

import torch
from torch import nn

from finetrust.models.precision import some_inputs
from finetrust.models.tree import to_device
from finetrust.tuning.addition import Start

Fault = Callable[[nn.Module], str | None]
"""From a layer to why a method cannot adapt it; None where it can."""


@dataclass(frozen=True)
class Adaptable:
    """What of a backbone is adapted.

    Parameters
    ----------
    layers : tuple of str
        Names of linear layers and convolutions, relative to the backbone.
    attention : tuple of str
        Names of layers of ``nn.MultiheadAttention`` whose projection of queries, keys and values is.
    left : mapping of str to tuple of str
        What stays as it is: from the reason to the names.
    """

    layers: tuple[str, ...]
    attention: tuple[str, ...]
    left: Mapping[str, tuple[str, ...]]


def adaptable_kinds(backbone: nn.Module) -> list[nn.Module]:
    """Return all linear layers, convolutions and attention within a backbone."""
    return [
        layer
        for name, layer in backbone.named_modules()
        if name and (_is_layer(layer) or _is_attention(layer))
    ]


def find_adaptable(start: Start, fault: Fault) -> Adaptable:
    """Return which layers are adapted: every one that takes part in a pass as a layer of its own.

    Every linear layer and every convolution counts, of blocks and of the stem: with the same number of
    weights it is better to adapt all matrices with a low rank than few with a higher one (Hu et al.
    2022, section 7.1), and a shift of the input is best undone in the first layers (Lee et al. 2023).
    An adapter acts where its layer is called; a weight that is read past its layer would never train,
    and one that is used in two places cannot change in one.

    Parameters
    ----------
    start : Start
        Some of its training items go through the backbone.
    fault : callable
        What the method itself cannot adapt.
    """
    backbone = start.network.backbone
    kinds = {id(layer) for layer in adaptable_kinds(backbone)}
    called, shared = _called(start), _shared(backbone)
    layers: list[str] = []
    attention: list[str] = []
    left: dict[str, list[str]] = {}
    for name, layer in backbone.named_modules():
        if id(layer) not in kinds:
            continue
        reason = (
            "their weights are read without a call of the layer"
            if id(layer) not in called
            else "they are used in several places"
            if id(layer) in shared
            else fault(layer)
        )
        if reason is not None:
            left.setdefault(reason, []).append(name)
        elif _is_attention(layer):
            attention.append(name)
        else:
            layers.append(name)
    reasons = {reason: tuple(names) for reason, names in left.items()}
    return Adaptable(tuple(layers), tuple(attention), reasons)


def in_and_out(layer: nn.Module) -> tuple[int, int]:
    """Return how many numbers go into each output of a layer, and how many outputs it has."""
    weight = getattr(layer, "in_proj_weight" if _is_attention(layer) else "weight")
    if _is_transposed(layer):
        return weight.shape[0], weight.shape[1]
    return weight[0].numel(), weight.shape[0]


def pass_examples(start: Start) -> None:
    """Send some training items through the backbone in evaluation, without gradients."""
    network, training = start.network, start.network.training
    inputs = to_device(some_inputs(network, start.train)(), network.device)
    network.eval()
    try:
        with torch.no_grad():
            network.features(inputs)
    finally:
        network.train(training)


def _is_layer(layer: nn.Module) -> bool:
    return isinstance(layer, nn.Linear | nn.Conv2d) or _is_transposed(layer)


def _is_attention(layer: nn.Module) -> bool:
    return isinstance(layer, nn.MultiheadAttention)


def _is_transposed(layer: nn.Module) -> bool:
    """Return whether it is the linear layer of transformers' GPT-2, whose weight is (in, out)."""
    return type(layer).__name__ == "Conv1D" and hasattr(layer, "nf")


def _called(start: Start) -> set[int]:
    """Return the identities of the layers that are called in a pass, in training and in evaluation.

    What lies in ``nn.TransformerEncoderLayer`` is called in training only: in evaluation the layer reads
    its weights at once, unless it is watched.
    """
    backbone, found = start.network.backbone, set[int]()
    with _watched(backbone, found):
        pass_examples(start)
    fused = [layer for layer in backbone.modules() if isinstance(layer, nn.TransformerEncoderLayer)]
    return found - {id(part) for layer in fused for part in layer.modules()}


@contextmanager
def _watched(backbone: nn.Module, found: set[int]) -> Iterator[None]:
    def note(layer: nn.Module, *_: object) -> None:
        found.add(id(layer))

    hooks = [layer.register_forward_pre_hook(note) for layer in adaptable_kinds(backbone)]
    try:
        yield
    finally:
        for hook in hooks:
            hook.remove()


def _shared(backbone: nn.Module) -> set[int]:
    """Return the identities of layers that stand in several places, or whose weights do."""
    modules = list(backbone.modules())
    places = Counter(id(child) for parent in modules for child in parent._modules.values())
    weights = Counter(id(weight) for layer in modules for weight in layer._parameters.values())
    return {
        id(layer)
        for layer in modules
        if places[id(layer)] > 1 or any(weights[id(p)] > 1 for p in layer.parameters(recurse=False))
    }

"""Inference as fast as the machine allows: folded batch norm, channels-last, bf16 where it gains."""

import copy
import hashlib
import math
import time
from collections.abc import Callable
from functools import cached_property
from typing import Literal

import torch
from accelerate.utils.memory import should_reduce_batch_size
from torch import Tensor, nn

from finetrust.models.memory_order import in_plain_order
from finetrust.models.network import Compute, Network
from finetrust.models.tree import (
    Tree,
    flat,
    joined,
    leaves,
    mapped,
    n_items,
    split,
    taken,
    to_device,
)
from finetrust.models.weights_file import sha256_of_tensors

InferencePrecision = Literal["fp32", "bf16"]

_GAIN_THAT_COUNTS = 1.2
_AGREEMENT_THAT_COUNTS = 0.999
_FEATURES_COMPARED = 4096


class Inference:
    """A network prepared for inference: a copy of its backbone, folded and in the given precision.

    The head stays in fp32.

    Parameters
    ----------
    network : Network
        Copied, not changed.
    precision : {"fp32", "bf16"}
    """

    def __init__(self, network: Network, precision: InferencePrecision = "fp32") -> None:
        self.preprocessing = network.preprocessing
        self.normalise = copy.deepcopy(network.normalise)
        self.features_of, self.around = network.features_of, network.around
        self.device = network.device
        self.precision = precision
        self.head = copy.deepcopy(network.head).eval().requires_grad_(False)
        self.batch_size = self.preprocessing.items_at_once(self.device.type == "cpu")
        example = self.normalise(to_device(self.preprocessing.example(2), self.device))
        self._backbone = _Backbone(network.backbone, network.features_of, example, self._dtype)

    @property
    def _dtype(self) -> torch.dtype:
        return torch.bfloat16 if self.precision == "bf16" else torch.float32

    @property
    def backbone(self) -> nn.Module:
        """The copy of the backbone that computes the features."""
        return self._backbone.prepared

    @property
    def bytes_per_item(self) -> int:
        """How much the features of an ordinary input take in float32."""
        return 4 * self._backbone.n_features

    @classmethod
    def fastest(cls, network: Network, inputs: Tree) -> "Inference":
        """Return `network` in bf16 if that is faster here and yields the same features, else in fp32.

        Measured on these inputs and this device. Faster means by at least 20 %; the same means a
        mean cosine of the features above 0.999.

        Parameters
        ----------
        network : Network
        inputs : tree
            A typical batch.
        """
        exact, reduced = cls(network, "fp32"), cls(network, "bf16")
        try:
            expected, slow = _timed(exact, inputs)
            found, quick = _timed(reduced, inputs)
        except RuntimeError:
            return exact
        agrees = bool(torch.cosine_similarity(expected, found).mean() > _AGREEMENT_THAT_COUNTS)
        return reduced if agrees and slow / quick > _GAIN_THAT_COUNTS else exact

    def with_head(self, head: nn.Module) -> "Inference":
        """Return this inference under a copy of another head; the backbone is shared."""
        other = copy.copy(self)
        other.head = copy.deepcopy(head).to(self.device).eval().requires_grad_(False)
        return other

    @cached_property
    def key(self) -> str:
        """SHA-256 of all that features depend on besides the input.

        Weights and structure of the backbone, preprocessing, precision, and the version of torch.
        """
        parts = (
            self._backbone.identity,
            self.preprocessing,
            self.precision,
            torch.__version__,
        )
        return hashlib.sha256("\n".join(map(str, parts)).encode()).hexdigest()

    @torch.inference_mode()
    def features(self, inputs: Tree) -> Tree:
        """Map a batch of inputs to features in float32 on the network's device.

        A batch for which memory does not suffice is halved until it does.
        """
        try:
            return self._features(inputs)
        except RuntimeError as error:
            items = n_items(inputs)
            if items == 1 or not should_reduce_batch_size(error):
                raise
        return joined([self.features(half) for half in split(inputs, (items + 1) // 2)])

    def _features(self, inputs: Tree) -> Tree:
        normalised = self.normalise(to_device(inputs, self.device))
        found = self.features_of(self.backbone(mapped(self._cast, normalised)))
        return mapped(lambda t: t.float() if t.is_floating_point() else t, found)

    def _cast(self, tensor: Tensor) -> Tensor:
        if not tensor.is_floating_point():
            return tensor
        if tensor.ndim == 4:
            return tensor.to(self._dtype, memory_format=torch.channels_last)
        return tensor.to(self._dtype)

    @torch.inference_mode()
    def outputs(self, features: Tree) -> Tree:
        """Map features to the outputs of the head."""
        return self.head(to_device(features, self.device))

    def __call__(self, inputs: Tree) -> Tree:
        """Map a batch of inputs to the outputs of the head, in float32."""
        if self.around is not None:
            return self.around(lambda part: self.outputs(self.features(part)), inputs)
        return self.outputs(self.features(inputs))


class _Backbone:
    """A copy of a backbone that is prepared when it is first needed: features may be cached."""

    def __init__(
        self, module: nn.Module, features_of: Compute, example: Tree, dtype: torch.dtype
    ) -> None:
        # The identity must not depend on the order in memory, which rounds differently.
        self._module = in_plain_order(copy.deepcopy(module)).eval().requires_grad_(False)
        self._features_of, self._example, self._dtype = features_of, example, dtype

    @cached_property
    def identity(self) -> tuple[str, ...]:
        """Weights, structure, and what the code makes of them: rounded features of a fixed input."""
        digest, structure = sha256_of_tensors(self._module.state_dict()), str(self._module)
        features = self._example_features[:: 1 + self.n_features // _FEATURES_COMPARED].tolist()
        return digest, structure, *(f"{value:.1e}" for value in features)

    @property
    def n_features(self) -> int:
        """How many numbers the features of an ordinary input are."""
        return len(self._example_features)

    @cached_property
    def _example_features(self) -> Tensor:
        with torch.inference_mode():
            return flat(self._features_of(self._module(taken(self._example, slice(0, 1)))))[0]

    @cached_property
    def prepared(self) -> nn.Module:
        _ = self.identity  # of the module as it was given
        fold_batch_norm(self._module, self._example)
        return self._module.to(memory_format=torch.channels_last).to(self._dtype)


def fold_batch_norm(module: nn.Module, example: Tree) -> int:
    """Fold every batch norm that directly follows a convolution into it; return how many.

    Which norm follows which convolution is seen in one forward pass. If the folded module does not
    give the same output on `example`, nothing is changed.

    Parameters
    ----------
    module : nn.Module
        In evaluation mode; changed in place.
    example : tree
        An input of the module.
    """
    pairs, expected = _pairs(module, example)
    if not pairs:
        return 0
    undo = [_fold(module, conv_name, norm_name) for conv_name, norm_name in pairs]
    with torch.inference_mode():
        agrees = all(map(_agree, leaves(module(example)), expected))
    if not agrees:
        for unfold in undo:
            unfold()
        return 0
    return len(pairs)


def _agree(found: Tensor, expected: Tensor) -> bool:
    tolerance = 1e-3 * float(expected.abs().max())
    return math.isfinite(tolerance) and torch.allclose(found, expected, rtol=1e-3, atol=tolerance)


def _pairs(module: nn.Module, example: Tree) -> tuple[list[tuple[str, str]], list[Tensor]]:
    """Return (convolution, norm) names where the norm's input is the convolution's output."""
    last: dict[str, tuple[str, Tensor]] = {}
    calls: dict[str, int] = {}
    pairs: list[tuple[str, str]] = []

    def watch(name: str, layer: nn.Module, inputs: tuple[Tensor, ...], output: Tensor) -> None:
        calls[name] = calls.get(name, 0) + 1
        if isinstance(layer, nn.Conv2d):
            last["conv"] = (name, output)
        elif "conv" in last and inputs[0] is last["conv"][1]:
            pairs.append((last["conv"][0], name))

    hooks = [
        layer.register_forward_hook(lambda m, i, o, name=name: watch(name, m, i, o))
        for name, layer in module.named_modules()
        if isinstance(layer, nn.Conv2d)
        or (isinstance(layer, nn.BatchNorm2d) and layer.track_running_stats)
    ]
    try:
        with torch.inference_mode():
            expected = leaves(module(example))
    finally:
        for hook in hooks:
            hook.remove()
    return [p for p in pairs if calls[p[0]] == calls[p[1]] == 1], expected


def _fold(module: nn.Module, conv_name: str, norm_name: str) -> Callable[[], None]:
    """Fold one norm into its convolution; return what takes it back."""
    conv, norm = module.get_submodule(conv_name), module.get_submodule(norm_name)
    assert isinstance(conv, nn.Conv2d)
    assert isinstance(norm, nn.BatchNorm2d)
    assert norm.running_mean is not None
    assert norm.running_var is not None
    parent_name, _, child = norm_name.rpartition(".")
    parent, weight, bias = module.get_submodule(parent_name), conv.weight, conv.bias
    conv.weight, conv.bias = nn.utils.fuse_conv_bn_weights(
        weight, bias, norm.running_mean, norm.running_var, norm.eps, norm.weight, norm.bias
    )
    rest = [getattr(norm, name) for name in ("drop", "act") if hasattr(norm, name)]
    setattr(parent, child, nn.Sequential(*rest) if rest else nn.Identity())

    def unfold() -> None:
        conv.weight, conv.bias = weight, bias
        setattr(parent, child, norm)

    return unfold


def _timed(inference: Inference, inputs: Tree, rounds: int = 2) -> tuple[Tensor, float]:
    """Return the features and the shortest time of a pass, in seconds, after one to warm up."""
    features, times = flat(inference.features(inputs)), []
    for _ in range(rounds):
        start = time.perf_counter()
        flat(inference.features(inputs)).sum().item()
        times.append(time.perf_counter() - start)
    return features, min(times)

"""A network that answers with the average of several passes with dropout: MC dropout.

Gal & Ghahramani (2016), "Dropout as a Bayesian Approximation: Representing Model Uncertainty in Deep
Learning", ICML, eq. 6 and 9: each pass is a network drawn from the approximate posterior, in which units
are dropped. Which units a pass drops is drawn once and holds for every input, so that an answer depends
neither on chance nor on how items are batched.
"""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn.modules.dropout import _DropoutNd

from finetrust.models.ensemble import (
    Average,
    SeveralPasses,
    Widths,
    apart,
    feature_axis,
    features_of_example,
    side_by_side,
    widths_of,
)
from finetrust.models.layout import layout_of
from finetrust.models.network import Compute, Network, as_they_are
from finetrust.models.tree import Tree, taken


@dataclass(frozen=True)
class Site:
    """Where units are dropped.

    Parameters
    ----------
    width : int
        How many units there are.
    axis : int
        Of the units, in what passes there.
    rate : float
        Share of them that is dropped.
    """

    width: int
    axis: int
    rate: float


@dataclass(frozen=True)
class Sites:
    """All places of a network in which units are dropped.

    Parameters
    ----------
    layers : mapping of str to Site
        The network's own dropout layers, by name.
    before_head : tuple of Site
        For each tensor that the features are made of; empty where the network has layers of its own.
    """

    layers: Mapping[str, Site] = field(default_factory=dict)
    before_head: tuple[Site, ...] = ()

    @property
    def in_backbone(self) -> bool:
        return any(name.startswith("backbone.") for name in self.layers)

    def to_dict(self) -> dict[str, Any]:
        """Return it as JSON values."""
        return asdict(self)

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> "Sites":
        """Return what :meth:`to_dict` made JSON of."""
        layers = {name: Site(**site) for name, site in values["layers"].items()}
        return cls(layers, tuple(Site(**site) for site in values["before_head"]))


class SampledDropout(nn.Module):
    """Drops the same units of every input; which ones depends on the number of the pass.

    What is left is divided by its share, as in training.

    Parameters
    ----------
    site : Site
    passes : int
    """

    masks: Tensor

    def __init__(self, site: Site, passes: int) -> None:
        super().__init__()
        self.site = site
        self.number = 0
        self.register_buffer("masks", torch.ones(passes, site.width))

    def draw(self, rng: np.random.Generator) -> None:
        """Draw which units each pass drops."""
        kept = rng.random(tuple(self.masks.shape)) >= self.site.rate
        self.masks.copy_(torch.from_numpy(kept / (1 - self.site.rate)))

    def forward(self, values: Tensor) -> Tensor:
        """Return the values with the units of this pass dropped."""
        shape = [1] * values.ndim
        shape[self.site.axis] = -1
        return values * self.masks[self.number].to(values.dtype).view(shape)

    def extra_repr(self) -> str:
        """Name the rate and the passes."""
        return f"rate={self.site.rate}, passes={len(self.masks)}"


class SampledPasses(SeveralPasses):
    """A backbone that is passed several times, each time with other units dropped."""

    def __init__(self, backbone: nn.Module, features_of: Compute, passes: int) -> None:
        super().__init__()
        self.backbone = backbone
        self._features_of, self._passes = features_of, passes

    def forward(self, inputs: Tree) -> Tree:
        """Map what the normaliser yields to the features of all passes."""
        found = []
        for number in range(self._passes):
            _start(self.backbone, number)
            found.append(self._features_of(self.backbone(inputs)))
        return side_by_side(found)


class SampledHead(nn.Module):
    """A head that is passed several times, and the average of its outputs.

    Parameters
    ----------
    head : nn.Module
    passes : int
    widths : tuple of tuple of int, or None
        Of the features of each pass; None where all passes have the same features.
    average : callable
    before : sequence of Site
        Where features lose units before the head reads them.
    """

    def __init__(
        self,
        head: nn.Module,
        passes: int,
        widths: Widths | None,
        average: Average,
        before: Sequence[Site],
    ) -> None:
        super().__init__()
        self.head = head
        self.before = nn.ModuleList(SampledDropout(site, passes) for site in before)
        self._passes, self._widths, self._average = passes, widths, average

    def each(self, features: Tree) -> list[Tree]:
        """Return the outputs of every pass."""
        own = [features] * self._passes if self._widths is None else apart(features, self._widths)
        found = []
        for number, part in enumerate(own):
            _start(self, number)
            found.append(self.head(self._dropped(part)))
        return found

    def forward(self, features: Tree) -> Tree:
        """Map features to the average of the outputs of all passes."""
        return self._average(self.each(features))

    def _dropped(self, features: Tree) -> Tree:
        if not len(self.before):
            return features
        if isinstance(features, tuple):
            return tuple(drop(part) for drop, part in zip(self.before, features, strict=True))
        return self.before[0](features)


def dropout_sites(network: Network, rate: float | None, default: float) -> Sites:
    """Return where units of a network can be dropped.

    These are its dropout layers with a rate above 0, each at its own rate unless `rate` is given. A
    layer counts whose units are features: those that act on attention weights stay off, and so does
    stochastic depth. Without any, the features are dropped before the head.

    Parameters
    ----------
    network : Network
        In evaluation mode afterwards.
    rate : float or None
        In [0, 1).
    default : float
        Rate before the head where none is given.
    """
    network.eval()
    example = taken(network.preprocessing.example(2), slice(0, 1))
    found, features = _own_layers(network, example)
    layers = {}
    for name, (layer, values) in found.items():
        axis = _unit_axis(network, layer, values, example)
        if axis is not None:
            layers[name] = Site(values.shape[axis], axis, layer.p if rate is None else rate)
    if len(layers) == 1 and isinstance(features, Tensor):
        ((name, site),) = layers.items()
        values = found[name][1]
        if values.data_ptr() == features.data_ptr() and values.shape[1:].numel() == site.width:
            # It is what the head reads, so that the backbone need be passed only once.
            return Sites(before_head=(Site(site.width, feature_axis(features), site.rate),))
    if layers:
        return Sites(layers)
    parts = features if isinstance(features, tuple) else (features,)
    share = default if rate is None else rate
    return Sites(
        before_head=tuple(
            Site(part.shape[feature_axis(part)], feature_axis(part), share) for part in parts
        )
    )


def sampled_passes(network: Network, sites: Sites, passes: int, average: Average) -> Network:
    """Return a network as the average of several passes, in which no units are dropped yet.

    Parameters
    ----------
    network : Network
        Becomes part of the result.
    sites : Sites
    passes : int
    average : callable
    """
    recipe = {"dropout": {"passes": passes, **sites.to_dict()}, "of": network.recipe}
    widths = widths_of(features_of_example(network))
    for name, site in sites.layers.items():
        network.set_submodule(name, SampledDropout(site, passes))
    backbone, features_of = network.backbone, network.features_of
    if sites.in_backbone:
        backbone, features_of = SampledPasses(backbone, features_of, passes), as_they_are
    head = SampledHead(
        network.head,
        passes,
        (widths,) * passes if sites.in_backbone else None,
        average,
        sites.before_head,
    )
    return Network(
        backbone,
        head,
        network.preprocessing,
        features_of=features_of,
        recipe=recipe,
        around=network.around,
    )


def draw_units(network: nn.Module, seed: int) -> None:
    """Draw which units are dropped in each pass, everywhere in the network."""
    layers = [layer for layer in network.modules() if isinstance(layer, SampledDropout)]
    for number, layer in enumerate(layers):
        layer.draw(np.random.default_rng((seed, number)))


def _start(module: nn.Module, number: int) -> None:
    for layer in module.modules():
        if isinstance(layer, SampledDropout):
            layer.number = number


def _own_layers(
    network: Network, example: Tree
) -> tuple[dict[str, tuple[_DropoutNd, Tensor]], Tree]:
    """Return the dropout layers of a network with what passes through them, and the features.

    A layer that is passed more than once with other shapes is left out.
    """
    found: dict[str, tuple[_DropoutNd, Tensor]] = {}
    unfit: set[str] = set()

    def watch(name: str, layer: _DropoutNd, values: Tensor) -> None:
        if name in found and found[name][1].shape != values.shape:
            unfit.add(name)
        found[name] = layer, values

    hooks = [
        layer.register_forward_pre_hook(lambda m, inputs, name=name: watch(name, m, inputs[0]))
        for name, layer in network.named_modules()
        if isinstance(layer, _DropoutNd) and 0 < layer.p < 1
    ]
    try:
        with torch.no_grad():
            features = network.features(example)
            network.head(features)
    finally:
        for hook in hooks:
            hook.remove()
    return {name: of for name, of in found.items() if name not in unfit}, features


def _unit_axis(network: Network, layer: nn.Module, values: Tensor, example: Tree) -> int | None:
    """Return the axis of the features; None where there is none, or none can be told."""
    if values.ndim == 2:
        return 1
    if values.ndim == 3:
        return 1 if isinstance(layer, nn.Dropout1d) else -1
    if values.ndim != 4 or not isinstance(example, Tensor):
        return None
    if values.shape[2:] == (1, 1):
        return 1
    layout = layout_of(network, values, example)
    return None if layout is None else -1 if layout.channels_last else 1

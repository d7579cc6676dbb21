"""DELTA: features are kept near those of the pretrained network on the same inputs (Li et al. 2019)."""

import copy
from typing import Any

import torch
from pydantic import Field
from torch import Tensor, nn

from finetrust.config import NonNegative
from finetrust.models.network import Network
from finetrust.models.tree import Tree
from finetrust.tuning.addition import Addition, Penalty, Planned, Start, Step, additions
from finetrust.tuning.pretrained_start import (
    check_features,
    check_start,
    relative,
    training_in,
)

WEIGHT = 1.0
"""With this one the penalty was a sixth to two fifths of the loss where MobileNetV1 learnt Hymenoptera."""


@additions.register("delta")
class Delta(Addition):
    """Pulls features toward those of the pretrained network; see :func:`feature_distance`."""

    weight: NonNegative = Field(WEIGHT, description="Alpha: pull of the features.")

    def check(self, planned: Planned) -> None:
        check_start("delta", planned)

    def check_network(self, network: Network) -> None:
        check_features("delta", network)

    def penalty(self, start: Start) -> Penalty | None:
        return _Delta(start.network, self.weight) if self.weight else None


class _Delta(Penalty):
    """Keeps a frozen copy of the backbone, and what the one that trains made of the inputs of a step."""

    of_backbone = True

    def __init__(self, network: Network, weight: float) -> None:
        self._backbone, self._features_of = network.backbone, network.features_of
        self._start = copy.deepcopy(network.backbone).eval().requires_grad_(False)
        self._weight = weight
        self._seen: list[tuple[tuple[Any, ...], Tree]] = []
        seen = self._seen

        # A function is not copied with the module: passes of copies, which take no gradients, are
        # not kept, nor are those of validation.
        def keep(module: nn.Module, inputs: tuple[Any, ...], output: Tree) -> None:
            if torch.is_grad_enabled() and module.training and not seen:
                seen.append((inputs, output))

        network.backbone.register_forward_hook(keep)

    def expect(self) -> None:
        self._seen.clear()

    def term(self, step: Step) -> Tensor:
        training = training_in(step.module)
        if not any(id(parameter) in training for parameter in self._backbone.parameters()):
            return torch.zeros_like(step.loss)
        ((inputs, output),) = self._seen
        with torch.no_grad():
            start = self._features_of(self._start(*inputs))
        return self._weight * feature_distance(self._features_of(output), start).mean()


def feature_distance(features: Tree, start: Tree) -> Tensor:
    """Return how far the features of each item are from those of the pretrained network.

    Li, Xiong, Wang, Rao, Liu & Huan (2019), "DELTA: Deep Learning Transfer using Feature Map with
    Attention for Convolutional Networks", ICLR, the behavioural regulariser (section 3.2):
    ``1/2 sum_j W_j |FM_j(w, x) - FM_j(w_0, x)|**2``. Here it is taken at the one place where every
    network has features, before the head, which are the feature maps where the head takes maps. All
    ``W_j`` are alike, which is the paper's variant without attention: its attention asks for the loss
    without each filter in turn. It is divided by ``|FM(w_0, x)|**2``, so that one weight does for
    networks whose features are large and for those whose features are small: 1/2 is a distance as large
    as the features themselves. Of several maps it is the mean.

    Parameters
    ----------
    features, start : Tree (n, ...)
        Of the same items, from the network that trains and from the pretrained one.

    Returns
    -------
    float tensor (n,)
    """
    own, begun = relative(features, start), relative(start, start)
    return (own - begun).square().sum(1) / 2

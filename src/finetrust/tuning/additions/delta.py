"""DELTA: features are kept near those of the pretrained network on the same inputs (Li et al. 2019)."""

import copy
from typing import Any

import torch
from pydantic import Field
from torch import Tensor, nn

from finetrust.config import NonNegative
from finetrust.core.errors import UserError
from finetrust.models.network import Network
from finetrust.models.tree import Tree, leaves
from finetrust.tuning.addition import Addition, Penalty, Planned, Start, Step, additions
from finetrust.tuning.additions.l2_sp import check_start, training_in

WEIGHT = 1.0
"""With this one the penalty was a sixth to two fifths of the loss where MobileNetV1 learnt Hymenoptera."""


@additions.register("delta")
class Delta(Addition):
    """Pulls features toward those of the pretrained network; see :func:`feature_distance`."""

    weight: NonNegative = Field(WEIGHT, description="Alpha: pull of the features.")

    def check(self, planned: Planned) -> None:
        check_start("delta", planned)

    def penalty(self, start: Start) -> Penalty | None:
        check_features("delta", start.network)
        return _Delta(start.network, self.weight) if self.weight else None


class _Delta(Penalty):
    """Keeps a frozen copy of the backbone, and what the backbone that trains last made of its inputs."""

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
            if torch.is_grad_enabled() and module.training:
                seen[:] = [(inputs, output)]

        network.backbone.register_forward_hook(keep)

    def term(self, step: Step) -> Tensor:
        training = training_in(step.module)
        if not any(id(parameter) in training for parameter in self._backbone.parameters()):
            self._seen.clear()
            return torch.zeros_like(step.loss)
        inputs, output = self._seen.pop()
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


def relative(features: Tree, start: Tree) -> Tensor:
    """Return features in units of the size of `start`: float tensor (n, numbers).

    Each item's features have mean squared norm 1 over its maps where they are those of `start`; a map
    that is zero there does not count.
    """
    pairs = [
        (own.flatten(1).float(), begun.detach().flatten(1).float().norm(dim=1, keepdim=True))
        for own, begun in zip(leaves(features), leaves(start), strict=True)
        if own.is_floating_point()
    ]
    return torch.cat(
        [
            own * torch.where(size > 0, (size * len(pairs) ** 0.5).reciprocal(), 0.0)
            for own, size in pairs
        ],
        dim=1,
    )


def check_features(name: str, network: Network) -> None:
    """Raise UserError for a network that is all head, as a detector that stays whole."""
    if next(network.backbone.parameters(), None) is None:
        raise UserError(
            f"{name} needs the features before the head, and this network is not taken apart: it "
            "has none",
            "Choose l2-sp, which pulls its weights.",
        )

"""The network: preprocessing's last step, a pretrained backbone, and a head, as one module."""

from collections.abc import Callable, Mapping
from typing import Any

import torch
from torch import Tensor, nn

from finetrust.models.preprocessor import Preprocessor
from finetrust.models.tree import Tree

Compute = Callable[[Tree], Tree]


def flattened(output: Tensor) -> Tensor:
    """Return features (n, d) from the output (n, d, 1, 1) or (n, d) of a backbone."""
    return output.flatten(1)


def as_they_are(output: Tree) -> Tree:
    """Return feature maps, or what else a backbone yields."""
    return output


class Network(nn.Module):
    """A pretrained backbone under a head.

    Parameters
    ----------
    backbone : nn.Module
        What the preprocessor's normaliser yields to features: (n, d), or a tree of maps.
    head : nn.Module
        Features to outputs, e.g. logits (n, classes). A head that needs the targets to compute its
        loss takes them as a second argument in training.
    preprocessing : Preprocessor
    features_of : callable
        The output of the backbone to features.
    fresh : collection of str, optional
        Names of the parameters that start from random, relative to the network, for example
        ``"head.weight"``. By default those of the head; what else the head holds is pretrained.
    recipe : mapping
        JSON values from which the task builds the untrained network again.
    around : callable, optional
        ``around(compute, inputs)`` returns the outputs in evaluation where that is more than one
        pass (windows over a large image).
    """

    def __init__(
        self,
        backbone: nn.Module,
        head: nn.Module,
        preprocessing: Preprocessor,
        *,
        features_of: Compute = flattened,
        fresh: frozenset[str] | None = None,
        recipe: Mapping[str, Any] | None = None,
        around: Callable[[Compute, Tree], Tree] | None = None,
    ) -> None:
        super().__init__()
        self.normalise = preprocessing.normaliser()
        self.backbone = backbone
        self.head = head
        self.preprocessing = preprocessing
        self.features_of = features_of
        self.fresh = (
            fresh
            if fresh is not None
            else frozenset(f"head.{name}" for name, _ in head.named_parameters())
        )
        self.recipe = dict(recipe or {})
        self.around = around

    @property
    def device(self) -> torch.device:
        """Where its parameters lie."""
        return next(self.parameters()).device

    def features(self, inputs: Tree) -> Tree:
        """Map a batch of inputs to features."""
        return self.features_of(self.backbone(self.normalise(inputs)))

    def forward(self, inputs: Tree, targets: Tree | None = None) -> Tree:
        """Map a batch of inputs to the outputs of the head; with targets, to its losses."""
        if targets is not None:
            return self.head(self.features(inputs), targets)
        if self.around is not None and not self.training:
            return self.around(lambda part: self.head(self.features(part)), inputs)
        return self.head(self.features(inputs))


def freeze_all_but(network: nn.Module, trainable: set[str]) -> None:
    """Let exactly the named parameters take gradients."""
    for name, parameter in network.named_parameters():
        parameter.requires_grad_(name in trainable)


def train_mode(network: nn.Module) -> None:
    """Put the network into training mode, all frozen parts of it into evaluation mode.

    A part is frozen when it has parameters and none of them takes gradients; its batch-norm
    statistics then stay as they are, and its dropout is off.
    """
    network.train()
    for module in network.modules():
        parameters = list(module.parameters())
        if parameters and not any(p.requires_grad for p in parameters):
            module.eval()

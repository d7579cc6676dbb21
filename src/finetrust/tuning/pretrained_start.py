"""What a run starts from, for additions that pull it back there: pretrained weights and their features."""

import torch
from torch import Tensor, nn

from finetrust.core.errors import UserError
from finetrust.models.network import Network
from finetrust.models.tree import Tree, leaves
from finetrust.tuning.addition import Planned
from finetrust.tuning.optimizer import pretrained_layers


def check_start(name: str, planned: Planned) -> None:
    """Raise UserError where the run has no pretrained weights to be pulled to, or never leaves them."""
    if planned.options.weights == "random":
        raise UserError(
            f"{name} pulls toward pretrained weights, and --weights random has none",
            f"Leave {name} or --weights random out.",
        )
    if not planned.trains_backbone:
        raise UserError(
            f"{name} has no effect where the backbone stays frozen: it does not leave its start",
            f"Choose a strategy that trains it, such as 'full + {name}'.",
        )


def check_features(name: str, network: Network) -> None:
    """Raise UserError for a network that is all head, as a detector that stays whole."""
    if next(network.backbone.parameters(), None) is None:
        raise UserError(
            f"{name} needs the features before the head, and this network is not taken apart: it "
            "has none",
            "Choose l2-sp, which pulls its weights.",
        )


def pretrained_parameters(network: Network) -> dict[str, nn.Parameter]:
    """Return the pretrained parameters of a network by name, from input to output.

    They are the very ones that train, however the network is wrapped later.
    """
    named = dict(network.named_parameters())
    return {name: named[name] for layer in pretrained_layers(network) for name in layer}


def training_in(module: nn.Module) -> set[int]:
    """Return the identities of the parameters of `module` that take gradients.

    Where the head alone trains on features, `module` is that head, and the backbone is not asked.
    """
    return {id(parameter) for parameter in module.parameters() if parameter.requires_grad}


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

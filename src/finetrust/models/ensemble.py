"""Several networks as one: their features side by side, and the average of what their heads answer."""

from collections.abc import Callable, Sequence

import torch
from torch import Tensor, nn

from finetrust.models.network import Compute, Network, as_they_are
from finetrust.models.tree import Tree, leaves, taken

Average = Callable[[Sequence[Tree]], Tree]
"""From the outputs of several networks for the same inputs to one."""

Widths = tuple[tuple[int, ...], ...]
"""How many features each member has, for each tensor that they are made of."""


class SeveralPasses(nn.Module):
    """A backbone whose features are those of several passes, side by side.

    No layer in it is one that all of the answer goes through.
    """


class JoinedBackbones(SeveralPasses):
    """The backbones of several networks.

    Parameters
    ----------
    members : sequence of Network
        With one preprocessing.
    """

    def __init__(self, members: Sequence[Network]) -> None:
        super().__init__()
        self.members = nn.ModuleList(member.backbone for member in members)
        self._features_of: list[Compute] = [member.features_of for member in members]

    def forward(self, inputs: Tree) -> Tree:
        """Map what the normaliser yields to the features of all members."""
        return side_by_side(
            [of(one(inputs)) for of, one in zip(self._features_of, self.members, strict=True)]
        )


class JoinedHeads(nn.Module):
    """The heads of several networks, each on its own features, and the average of their outputs.

    Parameters
    ----------
    members : sequence of nn.Module
    widths : tuple of tuple of int
    average : callable
    """

    def __init__(self, members: Sequence[nn.Module], widths: Widths, average: Average) -> None:
        super().__init__()
        self.members = nn.ModuleList(members)
        self._widths, self._average = widths, average

    def each(self, features: Tree) -> list[Tree]:
        """Return the outputs of every member."""
        own = apart(features, self._widths)
        return [head(part) for head, part in zip(self.members, own, strict=True)]

    def forward(self, features: Tree) -> Tree:
        """Map the features of all members to the average of their outputs."""
        return self._average(self.each(features))


def ensemble_of(members: Sequence[Network], average: Average) -> Network:
    """Return several networks as one that answers with the average of their outputs.

    Parameters
    ----------
    members : sequence of Network
        With one preprocessing, and outputs of the same kind. They become parts of the ensemble.
    average : callable
    """
    first = members[0]
    heads = JoinedHeads([member.head for member in members], _widths(members), average)
    return Network(
        JoinedBackbones(members),
        heads,
        first.preprocessing,
        features_of=as_they_are,
        recipe={"members": [member.recipe for member in members]},
        around=first.around,
    )


def side_by_side(features: Sequence[Tree]) -> Tree:
    """Return the features of several passes as one: along their last axis, or the channels of maps."""
    if isinstance(features[0], tuple):
        return tuple(side_by_side(parts) for parts in zip(*features, strict=True))
    return torch.cat(list(features), dim=feature_axis(features[0]))


def apart(features: Tree, widths: Widths) -> list[Tree]:
    """Return what :func:`side_by_side` has joined, of these widths."""
    if isinstance(features, tuple):
        parts = [
            part.split([own[k] for own in widths], dim=feature_axis(part))
            for k, part in enumerate(features)
        ]
        return list(zip(*parts, strict=True))
    return list(features.split([own[0] for own in widths], dim=feature_axis(features)))


def feature_axis(features: Tensor) -> int:
    """Return the axis of the features in (n, d), (n, words, d) or (n, channels, h, w)."""
    return 1 if features.ndim == 4 else -1


def widths_of(features: Tree) -> tuple[int, ...]:
    """Return how many features there are in each tensor of a tree."""
    return tuple(leaf.shape[feature_axis(leaf)] for leaf in leaves(features))


def features_of_example(network: Network) -> Tree:
    """Return the features of a made-up input, in evaluation mode."""
    network.eval()
    example = network.preprocessing.example(2)
    with torch.no_grad():
        return network.features(taken(example, slice(0, 1)))


def _widths(members: Sequence[Network]) -> Widths:
    return tuple(widths_of(features_of_example(member)) for member in members)

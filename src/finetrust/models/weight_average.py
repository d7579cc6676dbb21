"""Averages of the weights of networks of one architecture."""

from collections.abc import Mapping, Sequence

import torch
from torch import Tensor

Weights = Mapping[str, Tensor]


def interpolated(start: Weights, end: Weights, share: float) -> dict[str, Tensor]:
    """Return ``(1 - share) * start + share * end``.

    At 0 and 1 these are the ends themselves, bit for bit. Tensors of whole numbers, such as how many
    batches a batch norm has seen, are those of the end, but for a share of 0.

    Parameters
    ----------
    start, end : mapping of str to Tensor
        Of the same names and shapes.
    share : float
        Of the end; in [0, 1].
    """
    if share in (0, 1):
        return {name: t.clone() for name, t in (start if share == 0 else end).items()}
    return {
        name: torch.lerp(start[name].to(t), t, share) if t.is_floating_point() else t.clone()
        for name, t in end.items()
    }


def mean_weights(states: Sequence[Weights]) -> dict[str, Tensor]:
    """Return the mean of each tensor, added up in float64.

    Of one state alone, or of equal ones, it is that state bit for bit. Tensors of whole numbers are
    those of the first.

    Parameters
    ----------
    states : sequence of mapping of str to Tensor
        At least one; all of the same names and shapes.
    """
    first = states[0]
    return {
        name: _mean([state[name] for state in states]) if t.is_floating_point() else t.clone()
        for name, t in first.items()
    }


def _mean(tensors: Sequence[Tensor]) -> Tensor:
    total = tensors[0].double()
    for tensor in tensors[1:]:
        total = total + tensor.double()
    return (total / len(tensors)).to(tensors[0].dtype)

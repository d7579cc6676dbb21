"""How concentrated a heat map is: a reader takes in a few places better than many.

A property of the map alone. It says nothing of whether the map is right.
"""

import torch
from torch import Tensor


def entropy(maps: Tensor) -> Tensor:
    """Return the entropy of a map's shares of its total strength.

    Bhatt, Weller & Moura, "Evaluating and Aggregating Feature-based Model Explanations", IJCAI 2020,
    definition 4 (complexity). The strength of a place is the absolute value of the map.

    Parameters
    ----------
    maps : float tensor (n, h, w)

    Returns
    -------
    float64 tensor (n,)
        In nats: 0 for a single place, log(h w) for a constant map. NaN where the map is not finite or
        0 everywhere.
    """
    shares = _shares(maps)
    return -torch.xlogy(shares, shares).sum(dim=1).clamp(max=0)


def gini(maps: Tensor) -> Tensor:
    """Return the Gini index of a map's strengths (sparseness).

    Chalasani et al., "Concise Explanations of Neural Networks using Adversarial Training", ICML 2020,
    section 3.1. The strength of a place is the absolute value of the map.

    Parameters
    ----------
    maps : float tensor (n, h, w)

    Returns
    -------
    float64 tensor (n,)
        0 for a constant map, 1 - 1 / (h w) for a single place. NaN where the map is not finite or 0
        everywhere.
    """
    shares = _shares(maps).sort(dim=1).values
    places = shares.shape[1]
    weights = 2 * torch.arange(1, places + 1, device=shares.device) - places - 1
    return (weights * shares).sum(dim=1).clamp(min=0) / places


def _shares(maps: Tensor) -> Tensor:
    strengths = maps.flatten(1).double().abs()
    strengths = strengths / strengths.amax(dim=1, keepdim=True)
    return strengths / strengths.sum(dim=1, keepdim=True)

"""What heat maps say of a whole data set: the mean map of a class, and where the heat lies.

The heat of a region as a share of all heat is that of Wang et al., "Score-CAM", CVPR Workshops 2020
(energy-based pointing game). It shows where a map points; whether the answers hang on it only
replacing the region shows.
"""

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from finetrust.core.errors import NotApplicable
from finetrust.trust.accuracy.intervals import bootstrap_share


@dataclass(frozen=True)
class Reliance:
    """The mean share of an item's heat that lies in a region.

    Parameters
    ----------
    value, ci_low, ci_high : float
        With the 95 % bootstrap interval over items.
    even : float
        The share of the pixels: what a heat that is the same everywhere would have.
    n : int
        Items with any heat.
    """

    value: float
    ci_low: float
    ci_high: float
    even: float
    n: int


def mean_heat(heat: Tensor, targets: Tensor) -> dict[int, Tensor]:
    """Return the mean heat map of each class that has items with heat.

    Each item's positive heat is divided by its sum first, so that all items count the same.

    Parameters
    ----------
    heat : float tensor (n, h, w)
        Only what is positive counts.
    targets : int64 tensor (n,)

    Returns
    -------
    dict of int to float tensor (h, w)
        Each adds up to 1.
    """
    positive = heat.clamp(min=0).double()
    total = positive.sum(dim=(1, 2))
    known = total > 0
    shares = positive[known] / total[known, None, None]
    of_item = targets.to(heat.device)[known]
    return {
        label: shares[of_item == label].mean(dim=0).float() for label in of_item.unique().tolist()
    }


def energy_shares(heat: Tensor, region: Tensor) -> np.ndarray:
    """Return the share of each item's positive heat that lies in a region.

    Parameters
    ----------
    heat : float tensor (n, h, w)
    region : bool tensor (h, w) or (n, h, w)

    Returns
    -------
    float64 array (n,)
        NaN for items without any positive heat.
    """
    positive = heat.clamp(min=0).double()
    inside = torch.where(region.to(heat.device), positive, 0.0).sum(dim=(1, 2))
    return (inside / positive.sum(dim=(1, 2))).cpu().numpy()


def reliance(heat: Tensor, region: Tensor, seed: int = 0) -> Reliance:
    """Return how much of the heat lies in a region, such as the border or the background.

    Parameters
    ----------
    heat : float tensor (n, h, w)
    region : bool tensor (h, w) or (n, h, w)
    seed : int
        Of the resamples.

    Raises
    ------
    NotApplicable
        If no item has any positive heat.
    """
    shares = energy_shares(heat, region)
    known = np.isfinite(shares)
    if not known.any():
        raise NotApplicable("no heat map has any positive heat")
    even = region.expand(heat.shape)[torch.from_numpy(known).to(region.device)].float().mean()
    value = shares[known]
    low, high = bootstrap_share(value, seed)
    return Reliance(float(value.mean()), low, high, float(even), len(value))

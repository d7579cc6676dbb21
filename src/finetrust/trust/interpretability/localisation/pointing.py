"""Whether a heat map points at the object: with its peak, and with its energy."""

import torch
from torch import Tensor


def pointing_game(maps: Tensor, masks: Tensor) -> Tensor:
    """Return whether the highest place lies on the object.

    Zhang et al., "Top-down Neural Attention by Excitation Backprop", ECCV 2016, section 4.2, without a
    margin. Where several places are the highest, the share of them that lies on the object: what a draw
    among them hits on average, so that a constant map scores the share of the image that the object
    fills.

    Parameters
    ----------
    maps : float tensor (n, h, w)
    masks : bool tensor (n, h, w)

    Returns
    -------
    float64 tensor (n,)
        In [0, 1]; NaN where the map is not finite or the mask is empty.
    """
    flat, inside = maps.flatten(1), masks.flatten(1)
    peaks = flat == flat.amax(dim=1, keepdim=True)
    hit = (peaks & inside).sum(dim=1).double() / peaks.sum(dim=1)
    return hit.where(_judged(flat, inside), torch.nan)


def energy_pointing(maps: Tensor, masks: Tensor) -> Tensor:
    """Return the share of a map's energy that lies on the object.

    Wang et al., "Score-CAM", CVPR workshops 2020, section 4.3 (energy-based pointing game). What is
    negative speaks against the class and counts as 0.

    Parameters
    ----------
    maps : float tensor (n, h, w)
    masks : bool tensor (n, h, w)

    Returns
    -------
    float64 tensor (n,)
        In [0, 1]; NaN where the map is not finite or nowhere positive, or the mask is empty.
    """
    inside = masks.flatten(1)
    energy = maps.flatten(1).double().clamp(min=0)
    # Divided by the peak first: the sum of the largest floats would overflow, the smallest vanish.
    energy = energy / energy.amax(dim=1, keepdim=True)
    share = (energy * inside).sum(dim=1) / energy.sum(dim=1)
    return share.clamp(0, 1).where(_judged(maps.flatten(1), inside), torch.nan)


def _judged(maps: Tensor, inside: Tensor) -> Tensor:
    return maps.isfinite().all(dim=1) & inside.any(dim=1)

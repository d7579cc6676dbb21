"""The overlap of a heat map with the object, at the threshold that suits the map best."""

import torch
from torch import Tensor


def best_iou(maps: Tensor, masks: Tensor) -> Tensor:
    """Return the largest intersection over union of ``map >= t`` with the mask, over all t.

    An upper bound of what a threshold that is chosen beforehand can reach (compare MaxBoxAcc of Choe et
    al., CVPR 2020, which chooses one for all items). A constant map has the share of the image that the
    object fills.

    Parameters
    ----------
    maps : float tensor (n, h, w)
    masks : bool tensor (n, h, w)

    Returns
    -------
    float64 tensor (n,)
        In (0, 1]; NaN where the map is not finite or the mask is empty.
    """
    flat, inside = maps.flatten(1), masks.flatten(1)
    values, order = flat.sort(dim=1, descending=True)
    shared = inside.gather(1, order).cumsum(dim=1).double()
    taken = torch.arange(1, flat.shape[1] + 1, device=flat.device)
    overlap = shared / (taken + inside.sum(dim=1, keepdim=True) - shared)
    # A threshold takes all of several equal places or none of them.
    ends = torch.ones_like(order, dtype=torch.bool)
    ends[:, :-1] = values[:, :-1] != values[:, 1:]
    best = overlap.where(ends, 0.0).amax(dim=1)
    return best.where(flat.isfinite().all(dim=1) & inside.any(dim=1), torch.nan)

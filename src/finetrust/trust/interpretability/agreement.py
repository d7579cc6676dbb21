"""How alike two heat maps are: by the order of the places, by the places they name, by structure."""

import torch
import torch.nn.functional as F
from scipy.stats import rankdata
from torch import Tensor

_WINDOW = 7
_LUMINANCE, _CONTRAST = 0.01**2, 0.03**2


def rank_correlation(maps: Tensor, others: Tensor) -> Tensor:
    """Return Spearman's rank correlation over the places, equal values sharing their mean rank.

    Parameters
    ----------
    maps, others : float tensor (n, h, w)

    Returns
    -------
    float64 tensor (n,)
        In [-1, 1]; NaN where one of the maps is constant or not finite.
    """
    one, two = (_centred_ranks(m) for m in (maps, others))
    norms = one.norm(dim=1) * two.norm(dim=1)
    found = ((one * two).sum(dim=1) / norms).clamp(-1, 1)
    return found.where((norms > 0) & _finite(maps, others), torch.nan)


def order_kept(maps: Tensor, others: Tensor) -> Tensor:
    """Return the rank correlation of two maps that one method made: how far the order of places stays.

    Maps that are equal have 1, also where they are constant. Where one is constant and the other not, it
    is 0: nothing of the order is left.

    Parameters
    ----------
    maps, others : float tensor (n, h, w)

    Returns
    -------
    float64 tensor (n,)
        In [-1, 1]; NaN where one of the maps is not finite.
    """
    found = rank_correlation(maps, others)
    found = found.where(found.isfinite() | ~_finite(maps, others), 0.0)
    return found.where(~(maps == others).flatten(1).all(dim=1), 1.0)


def top_overlap(maps: Tensor, others: Tensor, share: float = 0.1) -> Tensor:
    """Return how many of the highest places of a map are among the highest of the other.

    Where the last of them are tied with further places, each of these counts in part, so that a map with
    many zeros does not agree by the order in which they are stored.

    Parameters
    ----------
    maps, others : float tensor (n, h, w)
    share : float
        Which share of the places counts as the highest; at least one place.

    Returns
    -------
    float64 tensor (n,)
        In [0, 1]; by chance `share`. NaN where one of the maps is constant or not finite.
    """
    count = max(1, round(share * maps.shape[1] * maps.shape[2]))
    one, two = (_membership(m.flatten(1), count) for m in (maps, others))
    found = torch.minimum(one, two).sum(dim=1) / count
    return found.clamp(0, 1).where(_told(maps) & _told(others), torch.nan)


def structural_similarity(maps: Tensor, others: Tensor) -> Tensor:
    """Return the mean structural similarity of the maps, each scaled to [0, 1] by its own range.

    Wang et al., "Image Quality Assessment: From Error Visibility to Structural Similarity", IEEE TIP
    2004, eq. 13, with uniform windows of 7 x 7 places (less for smaller maps) and a range of 1.

    Parameters
    ----------
    maps, others : float tensor (n, h, w)

    Returns
    -------
    float64 tensor (n,)
        In [-1, 1]; NaN where one of the maps is not finite. A constant map counts as 0 everywhere.
    """
    smaller = min(_WINDOW, *maps.shape[1:])
    window = smaller - 1 + smaller % 2
    one, two = _unit(maps), _unit(others)

    def mean(values: Tensor) -> Tensor:
        return F.avg_pool2d(values[:, None], window, stride=1)[:, 0]

    unbiased = window**2 / max(window**2 - 1, 1)
    mean_1, mean_2 = mean(one), mean(two)
    variance_1 = unbiased * (mean(one * one) - mean_1**2)
    variance_2 = unbiased * (mean(two * two) - mean_2**2)
    covariance = unbiased * (mean(one * two) - mean_1 * mean_2)
    above = (2 * mean_1 * mean_2 + _LUMINANCE) * (2 * covariance + _CONTRAST)
    below = (mean_1**2 + mean_2**2 + _LUMINANCE) * (variance_1 + variance_2 + _CONTRAST)
    found = (above / below).mean(dim=(1, 2))
    return found.clamp(-1, 1).where(_finite(maps, others), torch.nan)


def _centred_ranks(maps: Tensor) -> Tensor:
    flat = maps.flatten(1).cpu().numpy()
    ranks = torch.from_numpy(rankdata(flat, axis=1)).to(maps.device, torch.float64)
    return ranks - ranks.mean(dim=1, keepdim=True)


def _membership(flat: Tensor, count: int) -> Tensor:
    """Return to which part each place is among the highest `count`: float64 (n, h * w)."""
    last = flat.topk(count, dim=1).values[:, -1:]
    above, tied = (flat > last).double(), (flat == last).double()
    left = count - above.sum(dim=1, keepdim=True)
    return above + tied * left / tied.sum(dim=1, keepdim=True)


def _unit(maps: Tensor) -> Tensor:
    values = maps.double()
    low, high = values.amin(dim=(1, 2), keepdim=True), values.amax(dim=(1, 2), keepdim=True)
    return ((values - low) / (high - low)).where(high > low, 0.0)


def _told(maps: Tensor) -> Tensor:
    flat = maps.flatten(1)
    return flat.isfinite().all(dim=1) & (flat.amax(dim=1) > flat.amin(dim=1))


def _finite(maps: Tensor, others: Tensor) -> Tensor:
    return (maps.isfinite() & others.isfinite()).flatten(1).all(dim=1)

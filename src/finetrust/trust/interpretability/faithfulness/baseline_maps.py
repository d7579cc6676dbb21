"""Heat maps that know nothing of the network: what an explanation has to beat on the same items."""

import torch
import torch.nn.functional as F
from torch import Tensor

from finetrust.trust.stability.corruptions.gaussian_filter import pad_with_edge
from finetrust.trust.trials.draws import uniform

_STREAM = 21


def random_maps(images: Tensor, seeds: Tensor, cells: int | None = None) -> Tensor:
    """Return heat maps drawn at random.

    Parameters
    ----------
    images : float tensor (n, c, h, w)
    seeds : int64 tensor (n,)
        A map depends on its item's seed alone.
    cells : int, optional
        Draw `cells` x `cells` values and enlarge them bilinearly: the coarse rival of maps that are
        themselves coarse. By default every pixel is drawn on its own, which removes pixels like salt
        and pepper noise and so destroys more than any compact region of the same size.

    Returns
    -------
    float32 tensor (n, h, w)
        In [0, 1].
    """
    size = images.shape[-2:]
    drawn = size if cells is None else torch.Size([cells, cells])
    like = torch.empty(len(images), *drawn, dtype=torch.float32, device=images.device)
    values = uniform(like, seeds, _STREAM)
    if cells is None:
        return values
    return F.interpolate(values[:, None], size, mode="bilinear", align_corners=False)[:, 0]


def sobel_maps(images: Tensor) -> Tensor:
    """Return the strength of the edges: the length of the gradient of the brightness after Sobel.

    Brightness is the mean of the channels; beyond the edge the nearest pixel is taken.

    Parameters
    ----------
    images : float tensor (n, c, h, w)

    Returns
    -------
    float32 tensor (n, h, w)
    """
    brightness = images.float().mean(dim=1)
    padded = pad_with_edge(pad_with_edge(brightness, 1, -1), 1, -2)
    across = padded[:, :-2] + 2 * padded[:, 1:-1] + padded[:, 2:]
    down = padded[:, :, :-2] + 2 * padded[:, :, 1:-1] + padded[:, :, 2:]
    return torch.hypot(across[:, :, 2:] - across[:, :, :-2], down[:, 2:] - down[:, :-2])

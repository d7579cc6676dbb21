"""The target's score of an image of which parts are hidden: what methods without gradients ask for."""

from collections.abc import Callable

import torch
from torch import Tensor, nn

from finetrust.trust.interpretability.spatial_layer import evaluating

AT_ONCE = 64
"""Masks to work on at a time."""


def logit(logits: Tensor, target: int) -> Tensor:
    """Return the logit of a class: (m,) of logits (m, classes)."""
    return logits[:, target]


def probability(logits: Tensor, target: int) -> Tensor:
    """Return the probability of a class: (m,) of logits (m, classes)."""
    return logits.softmax(dim=1)[:, target]


def scores_under(
    network: nn.Module,
    image: Tensor,
    target: int,
    keep: Tensor,
    baselines: Tensor,
    score: Callable[[Tensor, int], Tensor] = logit,
) -> Tensor:
    """Return the score of the target for each mask, averaged over the baselines.

    Where a mask is 1 the image is as it is, where it is 0 the baseline takes its place, in between
    the two are blended.

    Parameters
    ----------
    network : nn.Module
        From images to logits (m, classes). Its modes and gradients are left as they are.
    image : float tensor (3, h, w)
    target : int
    keep : float tensor (m, h, w)
        In [0, 1].
    baselines : float tensor (k, 3, h, w)
    score : callable
        :func:`logit` or :func:`probability`.

    Returns
    -------
    float32 tensor (m,)
    """
    keep = keep[:, None].to(image.dtype)
    with evaluating(network), torch.no_grad():
        total = sum(
            score(network(torch.lerp(baseline, image, keep)), target).float()
            for baseline in baselines
        )
    assert isinstance(total, Tensor)
    return total / len(baselines)

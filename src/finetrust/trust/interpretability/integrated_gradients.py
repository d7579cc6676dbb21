"""Integrated Gradients (Sundararajan, Taly & Yan, "Axiomatic Attribution for Deep Networks", 2017)."""

from collections.abc import Callable

import numpy as np
import torch
from torch import Tensor

_POINTS_AT_ONCE = 16


def integrated_gradients(
    score: Callable[[Tensor], Tensor], value: Tensor, baseline: Tensor, steps: int = 50
) -> tuple[Tensor, float]:
    """Return what each number of an input adds to a score, compared with a baseline.

    ``(x - x') * integral over a in [0, 1] of the gradient of score at x' + a (x - x')`` (eq. 1), by
    Gauss-Legendre quadrature.

    Parameters
    ----------
    score : callable
        Maps a batch (m, ...) of inputs to scores (m,), each of its own input alone.
    value, baseline : Tensor (...)
        Of the same shape.
    steps : int
        Points of the quadrature.

    Returns
    -------
    Tensor (...)
        Attributions in float64.
    float
        By how much their sum misses ``score(x) - score(x')`` (completeness, proposition 1).
    """
    nodes, weights = np.polynomial.legendre.leggauss(steps)
    fractions = torch.from_numpy((nodes + 1) / 2).to(value.device, value.dtype)
    shares = torch.from_numpy(weights / 2).to(value.device)
    difference = value - baseline
    total = torch.zeros(value.shape, dtype=torch.float64, device=value.device)
    for a, share in zip(
        fractions.split(_POINTS_AT_ONCE), shares.split(_POINTS_AT_ONCE), strict=True
    ):
        points = baseline + a.view(-1, *[1] * value.ndim) * difference
        total += torch.einsum("s,s...->...", share, _gradient(score, points).double())
    attributions = total * difference.double()
    with torch.no_grad():
        ends = score(torch.stack([value, baseline])).double()
    return attributions, float(attributions.sum() - (ends[0] - ends[1]))


def _gradient(score: Callable[[Tensor], Tensor], points: Tensor) -> Tensor:
    points = points.detach().requires_grad_(True)
    with torch.enable_grad():
        (gradient,) = torch.autograd.grad(score(points).sum(), points)
    return gradient

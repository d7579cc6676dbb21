"""How far an explanation moves as the pixels change by less than an eye sees.

Yeh et al., "On the (In)fidelity and Sensitivity of Explanations", NeurIPS 2019, arXiv:1901.09392, section
4, definition 4.1, relative to the norm of the explanation.
"""

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor

from finetrust.trust.trials.draws import uniform

RADIUS = 0.02
_FIRST_STREAM = 31

Explain = Callable[[Tensor, Tensor, Tensor], Tensor]
"""From images (m, c, h, w), targets (m,) and seeds (m,) to heat maps (m, h, w)."""


@dataclass(frozen=True, eq=False)
class Sensitivity:
    """How far the map of each item moves, as a multiple of its own length.

    Parameters
    ----------
    largest, average : float64 tensor (n,)
        Over the samples; NaN where a map is not finite or that of the image is 0 everywhere.
    """

    largest: Tensor
    average: Tensor


def sensitivity(
    explain: Explain,
    images: Tensor,
    targets: Tensor,
    seeds: Tensor,
    radius: float = RADIUS,
    samples: int = 10,
    at_once: int = 16,
) -> Sensitivity:
    """Return how far maps move, in Euclidean length, under noise that is uniform within `radius`.

    ``||explain(x + noise) - explain(x)|| / ||explain(x)||``. The largest of a sample is a lower bound of
    the largest there is. The seeds of the explanations stay the same, so that what a method itself
    draws at random does not count.

    Parameters
    ----------
    explain : callable
    images : float tensor (n, c, h, w)
        Pixels in [0, 1]; the noisy ones are cut off at that range.
    targets : int64 tensor (n,)
    seeds : int64 tensor (n,)
        The noise of an item depends on its seed alone.
    radius : float
        Largest change of a colour value.
    samples : int
    at_once : int
        Images in one call of `explain`.
    """
    largest, average = [], []
    for start in range(0, len(images), at_once):
        rows = slice(start, start + at_once)
        of_rows = images[rows], targets[rows], seeds[rows]
        moved = _moved(explain, *of_rows, radius, samples, at_once)
        largest.append(moved.amax(dim=1))
        average.append(moved.mean(dim=1))
    if not largest:
        return Sensitivity(torch.empty(0).double(), torch.empty(0).double())
    return Sensitivity(torch.cat(largest), torch.cat(average))


def _moved(
    explain: Explain,
    images: Tensor,
    targets: Tensor,
    seeds: Tensor,
    radius: float,
    samples: int,
    at_once: int,
) -> Tensor:
    """Return the relative distances of one batch: float64 (n, samples)."""
    plain = explain(images, targets, seeds).double().flatten(1)
    norm = plain.norm(dim=1)
    copies = max(1, at_once // len(images))
    distances = []
    for first in range(0, samples, copies):
        numbers = range(first, min(first + copies, samples))
        noisy = torch.cat([_noisy(images, seeds, radius, number) for number in numbers])
        k = len(numbers)
        maps = explain(noisy, targets.repeat(k), seeds.repeat(k)).double().flatten(1)
        distances.append((maps.view(k, *plain.shape) - plain).norm(dim=2))
    moved = (torch.cat(distances) / norm).T
    # The largest of distances of which one is unknown is unknown.
    known = moved.isfinite().all(dim=1, keepdim=True) & (norm > 0)[:, None]
    return moved.where(known, torch.nan).cpu()


def _noisy(images: Tensor, seeds: Tensor, radius: float, number: int) -> Tensor:
    noise = 2 * uniform(images, seeds, _FIRST_STREAM + number) - 1
    return (images + radius * noise).clamp(0, 1)

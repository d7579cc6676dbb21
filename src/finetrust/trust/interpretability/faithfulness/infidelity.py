"""Infidelity: does a heat map foretell what the removal of squares does to a logit.

Yeh, Hsieh, Suggala, Inouye & Ravikumar, "On the (In)fidelity and Sensitivity of Explanations", NeurIPS
2019, arXiv:1901.09392: definition 2.1 with square removal (section 2.3).
"""

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor

from finetrust.trust.interpretability.faithfulness.replacements.replacement import Replacement
from finetrust.trust.trials.draws import uniform

_SMALLEST, _LARGEST = 1 / 8, 1 / 2
_SIDES, _ROWS, _COLUMNS = 11, 12, 13


@dataclass(frozen=True, eq=False)
class SquareRemovals:
    """What the removal of squares does, whatever the explanation: one sweep serves every map.

    Parameters
    ----------
    squares : int64 tensor (n, k, 4)
        top, left, bottom, right in pixels; the last two lie beyond the square.
    drops : float64 tensor (n, k)
        Logit of the target on the image, less that without the square.
    """

    squares: Tensor
    drops: Tensor


def square_removals(
    logits_of: Callable[[Tensor], Tensor],
    images: Tensor,
    targets: Tensor,
    seeds: Tensor,
    replacement: Replacement,
    count: int = 48,
    at_once: int = 64,
) -> SquareRemovals:
    """Return how far the target's logit falls as squares at random places are replaced.

    The side of a square is uniform between an eighth and a half of the shorter side of the image; all
    places where it fits are equally likely.

    Parameters
    ----------
    logits_of : callable
        Pixels (m, c, h, w) to logits (m, classes).
    images : float tensor (n, c, h, w)
        Pixels in [0, 1].
    targets : int64 tensor (n,)
    seeds : int64 tensor (n,)
        The squares of an item depend on its seed alone.
    replacement : Replacement
    count : int
        Squares of each item, k.
    at_once : int
        Images in one pass.
    """
    height, width = images.shape[-2:]
    squares = _squares(seeds.to(images.device), height, width, count)
    items = max(1, min(len(images), at_once))
    steps = max(1, at_once // items)
    y = torch.arange(height, device=images.device)[:, None]
    x = torch.arange(width, device=images.device)
    drops = torch.empty(len(images), count, dtype=torch.float64)
    for start in range(0, len(images), items):
        rows = slice(start, start + items)
        remove, target = replacement(images[rows], seeds[rows]), targets[rows]
        with torch.no_grad():
            whole = logits_of(images[rows]).double().gather(1, target[:, None])[:, 0]
        for first in range(0, count, steps):
            columns = slice(first, first + steps)
            top, left, bottom, right = (
                squares[rows, columns].transpose(0, 1)[..., None, None].unbind(2)
            )
            shown = remove((y >= top) & (y < bottom) & (x >= left) & (x < right))
            with torch.no_grad():
                logits = logits_of(shown.flatten(0, 1)).double().view(*shown.shape[:2], -1)
            index = target.expand(len(shown), -1)[..., None]
            drops[rows, columns] = (whole - logits.gather(2, index)[..., 0]).T.cpu()
    return SquareRemovals(squares.cpu(), drops)


def infidelity(removals: SquareRemovals, maps: Tensor, scaled: bool = True) -> Tensor:
    """Return the mean squared difference between what a map foretells and what happens.

    A map foretells that without a square the logit falls by the sum of the map over the square
    (definition 2.1 with I the indicator of the square, for maps that say what each place contributes).

    Parameters
    ----------
    removals : SquareRemovals
    maps : float tensor (n, h, w)
    scaled : bool
        Whether a map may be multiplied by the factor that suits it best, by item, because its unit is
        arbitrary (appendix A); the result is then divided by the mean square of the drops, which makes
        it the share of them that the map does not foretell, in [0, 1].

    Returns
    -------
    float64 tensor (n,)
        Low is faithful. NaN where the map or a logit is not finite and, if scaled, where no square makes
        any difference.
    """
    foretold = _sums(maps.double().cpu(), removals.squares)
    drops = removals.drops
    if not scaled:
        return (foretold - drops).square().mean(dim=1)
    square, total = foretold.square().mean(dim=1), drops.square().mean(dim=1)
    along = (foretold * drops).mean(dim=1)
    factor = (along / square).where(square != 0, 0.0)
    missed = (factor[:, None] * foretold - drops).square().mean(dim=1)
    return (missed / total).where(total != 0, torch.nan)


def _squares(seeds: Tensor, height: int, width: int, count: int) -> Tensor:
    shorter = min(height, width)
    like = torch.empty(len(seeds), count, dtype=torch.float64, device=seeds.device)
    low, high = max(1, round(_SMALLEST * shorter)), max(1, round(_LARGEST * shorter))
    side = low + (uniform(like, seeds, _SIDES) * (high - low + 1)).long()
    top = (uniform(like, seeds, _ROWS) * (height - side + 1)).long()
    left = (uniform(like, seeds, _COLUMNS) * (width - side + 1)).long()
    return torch.stack([top, left, top + side, left + side], dim=2)


def _sums(maps: Tensor, squares: Tensor) -> Tensor:
    """Return the sum of each map over each of its squares: float64 (n, k)."""
    n, height, width = maps.shape
    table = maps.new_zeros(n, height + 1, width + 1)
    table[:, 1:, 1:] = maps.cumsum(1).cumsum(2)
    top, left, bottom, right = squares.unbind(2)
    flat = table.flatten(1)
    corners = (
        flat.gather(1, y * (width + 1) + x)
        for y, x in ((bottom, right), (top, left), (top, right), (bottom, left))
    )
    whole, above_left, above, before = corners
    sums = whole + above_left - above - before
    return sums.where(maps.flatten(1).isfinite().all(dim=1)[:, None], torch.nan)

"""Square Attack: a random search over square patches that needs no gradients.

Andriushchenko, Croce, Flammarion & Hein, "Square Attack: a query-efficient black-box adversarial
attack via random search", ECCV 2020, algorithms 1 to 3. Every item has its own squares, drawn by its
seed.
"""

import math
from functools import lru_cache, partial

import torch
from torch import Tensor

from finetrust.trust.stability.adversarial.attack import (
    Attack,
    Attacked,
    LogitsOf,
    Victims,
    is_wrong,
)
from finetrust.trust.stability.adversarial.losses import margin
from finetrust.trust.stability.adversarial.norms import Norm, spread, within
from finetrust.trust.trials.draws import uniform

_FIRST_SHARE = 0.8
_HALVED_AFTER = (10, 50, 200, 500, 1000, 2000, 4000, 6000, 8000)
_TINY = 1e-12
_STRIPES_ACROSS = 5
_SMALLEST_L2 = 3


def square(queries: int = 5000) -> Attack:
    """Return the attack of at most so many forward passes an item.

    The part of the image that a square covers follows the schedule of the paper for 10,000
    queries, whatever `queries` is.
    """
    return partial(_square, queries=queries)


@torch.no_grad()
def _square(logits_of: LogitsOf, victims: Victims, norm: Norm, *, queries: int) -> Attacked:
    found = Attacked(victims.images.clone(), torch.zeros_like(victims.labels, dtype=torch.bool))
    draw, propose = (_stripes, _squares) if norm.name == "linf" else (_hills, _hill)
    left, rows = victims, torch.arange(len(victims), device=victims.labels.device)
    best = within(norm, left.images, left.images + draw(left), left.eps)
    loss = torch.full_like(best[:, 0, 0, 0], -torch.inf)
    tried = best
    for query in range(queries):
        if not len(rows):
            break
        if query:
            change = propose(left, best - left.images, query)
            tried = within(norm, left.images, left.images + change, left.eps)
        logits = logits_of(tried)
        gained = margin(logits, left.labels, left.labels).nan_to_num(torch.inf)
        broken = is_wrong(logits, left.labels)
        better = gained > loss
        best = torch.where(spread(better, best) > 0, tried, best)
        loss = torch.where(better, gained, loss)
        if broken.any():
            found.points[rows[broken]] = tried[broken]
            found.broken[rows[broken]] = True
            rows, left = rows[~broken], left.take(~broken)
            best, loss = best[~broken], loss[~broken]
    return found


def _share(query: int) -> float:
    """Return the share of the image that a square covers (section 3.1)."""
    return _FIRST_SHARE / 2 ** sum(query > bound for bound in _HALVED_AFTER)


def _stripes(victims: Victims) -> Tensor:
    """Return vertical stripes of full size, the start in the L-inf norm."""
    images = victims.images
    signs = _signs(uniform(images[:, :, :1], victims.seeds))
    return (spread(victims.eps, images) * signs).expand_as(images)


def _squares(victims: Victims, change: Tensor, query: int) -> Tensor:
    """Return `change` with one square of one colour at the corners of the ball (algorithm 2)."""
    n, channels, height, width = change.shape
    side = max(round(math.sqrt(_share(query) * height * width)), 1)
    side = min(side, height, width)
    drawn = uniform(change.new_empty(n, 2 + channels), victims.seeds, query)
    rows, columns = _placed(drawn[:, :2], side, height, width)
    inside = (
        _spans(rows, side, height)[:, None, :, None] & _spans(columns, side, width)[:, None, None]
    )
    colour = spread(victims.eps, change) * _signs(drawn[:, 2:])[:, :, None, None]
    # Twice the radius from anywhere in the ball ends on its surface once brought within it.
    return change + inside * 2 * colour


def _hills(victims: Victims) -> Tensor:
    """Return a grid of hills of random signs, the start in the Euclidean norm."""
    images = victims.images
    n, channels, height, width = images.shape
    side = max(min(height, width) // _STRIPES_ACROSS, 1)
    down, across = height // side, width // side
    drawn = uniform(images.new_empty(n, channels + 1, down, across), victims.seeds)
    hills = _oriented(drawn[:, -1].flatten(1), side).view(n, 1, down, across, side, side)
    grid = _signs(drawn[:, :-1])[..., None, None] * hills
    change = torch.zeros_like(images)
    change[:, :, : down * side, : across * side] = grid.transpose(3, 4).reshape(
        n, channels, down * side, across * side
    )
    length = torch.linalg.vector_norm(change.flatten(1), dim=1)
    return change * spread(victims.eps / length.clamp_min(_TINY), images)


def _hill(victims: Victims, change: Tensor, query: int) -> Tensor:
    """Return `change` with the length of one window moved into another one (algorithm 3)."""
    n, channels, height, width = change.shape
    side = max(round(math.sqrt(_share(query) * height * width)), _SMALLEST_L2)
    side = min(side + 1 - side % 2, height, width)
    drawn = uniform(change.new_empty(n, 5 + channels), victims.seeds, query)
    into = _window(*_placed(drawn[:, :2], side, height, width), change, side)
    out_of = _window(*_placed(drawn[:, 2:4], side, height, width), change, side)
    whole = _energy(change)
    emptied = change.clone()
    emptied[out_of] = 0
    emptied[into] = 0
    freed = (whole - _energy(emptied)).clamp_min(0)
    unused = (spread(victims.eps, whole).square() - whole.sum(dim=1, keepdim=True)).clamp_min(0)
    old = change[into]
    old = old / (torch.linalg.vector_norm(old, dim=(2, 3), keepdim=True) + _TINY)
    signs = _signs(drawn[:, 5:])[:, :, None, None]
    new = _oriented(drawn[:, 4:5], side) * signs + old
    new = new / (torch.linalg.vector_norm(new, dim=(2, 3), keepdim=True) + _TINY)
    emptied[into] = new * (unused / channels + freed).sqrt()
    length = torch.linalg.vector_norm(emptied.flatten(1), dim=1)
    return emptied * spread(victims.eps / length.clamp_min(_TINY), emptied)


def _energy(change: Tensor) -> Tensor:
    """Return the squared length of each channel, (n, channels, 1, 1)."""
    return change.square().sum(dim=(2, 3), keepdim=True)


def _signs(drawn: Tensor) -> Tensor:
    return torch.where(drawn < 0.5, -1.0, 1.0).to(drawn.dtype)


def _placed(drawn: Tensor, side: int, height: int, width: int) -> tuple[Tensor, Tensor]:
    """Return the first row and column of a square, int64 tensors (n,), from uniform (n, 2)."""
    free = torch.tensor([height - side + 1, width - side + 1], device=drawn.device)
    first = (drawn * free).long()
    return first[:, 0], first[:, 1]


def _spans(first: Tensor, side: int, length: int) -> Tensor:
    """Return which of `length` places are in ``first : first + side``, bool (n, length)."""
    places = torch.arange(length, device=first.device) - first[:, None]
    return (places >= 0) & (places < side)


def _window(rows: Tensor, columns: Tensor, change: Tensor, side: int) -> tuple[Tensor, ...]:
    """Return the index of each item's window in `change`: it selects (n, channels, side, side)."""
    items = torch.arange(len(change), device=change.device)[:, None, None, None]
    channels = torch.arange(change.shape[1], device=change.device)[None, :, None, None]
    along = torch.arange(side, device=change.device)
    down = (rows[:, None] + along)[:, None, :, None]
    across = (columns[:, None] + along)[:, None, None, :]
    return items, channels, down, across


def _oriented(drawn: Tensor, side: int) -> Tensor:
    """Return for uniform (n, k) a hill upright or on its side: (n, k, side, side)."""
    upright = _hill_shape(side).to(drawn.device, drawn.dtype)
    turned = drawn[:, :, None, None] < 0.5
    return torch.where(turned, upright.T, upright)


@lru_cache(maxsize=16)
def _hill_shape(side: int) -> Tensor:
    """Return the hill and the hollow beside it, of length 1 (equation 2 and figure 4)."""
    upper = side // 2
    shape = torch.cat([_pyramid(upper, side), -_pyramid(side - upper, side)])
    return shape / torch.linalg.vector_norm(shape)


def _pyramid(height: int, width: int) -> Tensor:
    """Return nested rectangles that rise to the middle, of length 1: (height, width)."""
    shape = torch.zeros(height, width)
    row, column = height // 2, width // 2
    for i in range(max(row, column) + 1):
        top, left = max(row - i, 0), max(column - i, 0)
        shape[top : row + i + 1, left : column + i + 1] += 1 / (i + 1) ** 2
    length = torch.linalg.vector_norm(shape)
    return shape / length if length > 0 else shape

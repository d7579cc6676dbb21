"""Holes in planes filled so that every place in them is the weighted mean of its eight neighbours.

Conjugate gradients, preconditioned by a V-cycle of multigrid (Briggs, Henson & McCormick, "A Multigrid
Tutorial", SIAM 2000; Tatebe, "The multigrid preconditioned conjugate gradient method", 1993): about a
dozen iterations for any hole, where conjugate gradients alone take over a hundred for a wide one.
"""

import torch
import torch.nn.functional as F
from torch import Tensor

_TOLERANCE = 3e-6
_MOST_STEPS = 100
_TWELFTHS = 12
"""Direct neighbours weigh two twelfths, diagonal ones one: everything here is in twelfths."""


def filled(planes: Tensor, hole: Tensor, start: Tensor) -> Tensor:
    """Return what stands in the holes, and 0 elsewhere.

    Neighbours beyond the edge do not count. A plane is done when places in its hole differ from the mean
    of their neighbours by at most 3e-6 (root mean square).

    Parameters
    ----------
    planes : float tensor (m, h, w)
        What stands in a hole is not read.
    hole : float tensor (m, h, w)
        1 where a value is sought, else 0.
    start : float tensor (m, 1, 1)
        A first guess for the whole of a hole.

    Returns
    -------
    float tensor (m, h, w)
    """
    grid, count = _Grid(hole), len(hole)
    value = _framed(start * hole)
    pull = grid.sums(_framed(planes * (1 - hole)) + value)
    residual = pull.addcmul(grid.own, value, value=-1).mul_(grid.inside)
    enough = (_TWELFTHS * _TOLERANCE) ** 2 * grid.dot(grid.inside, grid.inside)
    direction, before = torch.zeros_like(residual), torch.zeros_like(enough)
    for _ in range(_MOST_STEPS):
        open_ = grid.dot(residual, residual) > enough
        if not open_.any():
            break
        step = grid.cycle(residual)
        square = grid.dot(residual, step)
        direction.view(count, -1).mul_(torch.where(before > 0, square / before, 0.0))
        direction.add_(step)
        pull = grid.pull(direction)
        length = torch.where(open_, square / -grid.dot(direction, pull), 0.0)
        value.view(count, -1).addcmul_(length, direction.view(count, -1))
        residual.view(count, -1).addcmul_(length, pull.view(count, -1))
        residual.mul_(grid.inside)
        before = square
    return value.view(grid.shape)[:, 1:-1, 1:-1]


class _Grid:
    """The linear system of planes with holes, and that of every second row and column of it.

    Planes lie flat one after the other, each in a frame of zeros, so that a neighbour is a shift of the
    whole. On the coarse grid a place is sought where it and all its neighbours are in the hole: what is
    carried back from there vanishes outside.

    Parameters
    ----------
    hole : float tensor (m, h, w)
    """

    def __init__(self, hole: Tensor) -> None:
        count, height, width = hole.shape
        self.shape = count, height + 2, width + 2
        self.inside = _framed(hole)
        self._across, self._sums = torch.empty_like(self.inside[2:]), torch.zeros_like(self.inside)
        self._found, self._rest = torch.empty_like(self.inside), torch.empty_like(self.inside)
        weight = self.sums(_framed(torch.ones_like(hole))).clone()
        self.own = weight * self.inside
        self._damped = self.inside / _TWELFTHS
        surrounded = self._planes(self.sums(self.inside) == weight)[:, 1:-1:2, 1:-1:2]
        self._coarse: _Grid | None = None
        if min(height, width) > 2 and surrounded.any():
            self._coarse = _Grid(surrounded.to(hole.dtype))
            self._given = torch.zeros_like(self._coarse.inside)
            self._rows = hole.new_zeros(count, self._coarse.shape[1] - 1, width + 2)

    def dot(self, one: Tensor, two: Tensor) -> Tensor:
        """Return the product of each plane: float tensor (m, 1)."""
        return torch.mul(one, two, out=self._rest).view(self.shape[0], -1).sum(dim=1, keepdim=True)

    def sums(self, values: Tensor) -> Tensor:
        """Return the sum of the neighbours of each place and 4 times itself; the next call overwrites it."""
        width = self.shape[2]
        inner = self._sums[width + 1 : -width - 1]
        torch.add(values[:-2], values[2:], out=self._across).add_(values[1:-1], alpha=2)
        torch.add(self._across[: -2 * width], self._across[2 * width :], out=inner)
        inner.add_(self._across[width:-width], alpha=2)
        return self._sums

    def pull(self, values: Tensor) -> Tensor:
        """Return how far their neighbours pull the places of holes; what it has elsewhere means nothing."""
        return self.sums(values).addcmul_(self.own, values, value=-1)

    def cycle(self, residual: Tensor) -> Tensor:
        """Return about the values whose pull is the opposite of `residual`; the next call overwrites them."""
        found = torch.div(residual, _TWELFTHS, out=self._found)
        if self._coarse is not None:
            torch.addcmul(residual, self._damped, self.pull(residual), out=self._rest)
            self._gather(self._planes(self._rest))
            coarse = self._coarse.cycle(self._given.mul_(self._coarse.inside))
            self._spread(coarse.view(self._coarse.shape)[:, 1:-1], self._planes(found))
        return found.addcmul_(self._damped, self.pull(found).add_(residual))

    def _planes(self, values: Tensor) -> Tensor:
        return values.view(self.shape)

    def _gather(self, fine: Tensor) -> None:
        """Let every coarse place have its own, and of its neighbours what :meth:`_spread` gives them."""
        assert self._coarse is not None
        rows = self._rows[:, :-1]
        torch.add(fine[:, 1:-1:2], fine[:, :-2:2], alpha=0.5, out=rows).add_(
            fine[:, 2::2], alpha=0.5
        )
        if fine.shape[1] % 2 == 0:
            rows[:, -1].add_(fine[:, -2], alpha=0.5)
        given = self._given.view(self._coarse.shape)[:, 1:-1, 1:-1]
        torch.add(rows[..., 1:-1:2], rows[..., :-2:2], alpha=0.5, out=given)
        given.add_(rows[..., 2::2], alpha=0.5)
        if fine.shape[2] % 2 == 0:
            given[..., -1].add_(rows[..., -2], alpha=0.5)

    def _spread(self, coarse: Tensor, fine: Tensor) -> None:
        """Add coarse values to the fine ones, bilinearly between; beyond the last one it stays."""
        rows = self._rows
        between = rows[:, :-1, 2:-1:2]
        last = between.shape[2] + 1
        rows[:, :-1, 1:-1:2] = coarse[..., 1:-1]
        torch.add(coarse[..., 1:last], coarse[..., 2 : last + 1], out=between).mul_(0.5)
        if fine.shape[2] % 2 == 0:
            between[..., -1] = coarse[..., -2]
        fine[:, 1:-1:2].add_(rows[:, :-1])
        between = fine[:, 2:-1:2]
        last = between.shape[1]
        between.add_(rows[:, :last], alpha=0.5).add_(rows[:, 1 : last + 1], alpha=0.5)
        if fine.shape[1] % 2 == 0:
            fine[:, -2].add_(rows[:, -2], alpha=0.5)


def _framed(planes: Tensor) -> Tensor:
    return F.pad(planes, (1, 1, 1, 1)).flatten()

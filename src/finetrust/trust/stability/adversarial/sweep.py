"""Robustness over a whole grid of sizes from one sweep.

An image that breaks an item within one size breaks it within every larger one. So a single step at
every size and the line back to the untouched image bound what each item withstands from above, and
from the largest size downwards the ensemble is tried only on items whose smallest known perturbation
is larger, from that perturbation brought within the size. An item that withstands all attacks at
some size is taken to withstand every smaller one: it costs the whole ensemble once. In the end the
range in which each item's smallest perturbation lies is halved some times by short attacks.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from finetrust.trust.stability.adversarial.attack import (
    Attack,
    Attacked,
    LogitsOf,
    Victims,
    ascent,
    is_wrong,
    shortest_along,
)
from finetrust.trust.stability.adversarial.ensemble import ensemble
from finetrust.trust.stability.adversarial.fgsm import fgsm
from finetrust.trust.stability.adversarial.losses import cross_entropy
from finetrust.trust.stability.adversarial.norms import Norm, within
from finetrust.trust.stability.adversarial.strength import BLACK_BOX, Strength

SINGLE_STEP = "fgsm"
NO_ATTACK = ""
REFINEMENT = "refinement"
_SINGLE, _FIRST_ATTACK = 1, 2
"""Places in the names of what broke an item."""


@dataclass(frozen=True, eq=False)
class Sweep:
    """What a sweep found out about each of n items.

    Parameters
    ----------
    answer : int64 array (n,)
        The model's answer for the untouched image; -1 where it yields NaN or infinity.
    smallest : float64 array (n,)
        The size of the smallest perturbation that was found to break the item: 0 where the untouched
        image is answered wrong, infinite where none within the largest size of the grid was found.
    broken_by : array of str (n,)
        The attack that found it; empty where none was needed or none was found.
    single_step, multi_step : bool arrays (n,)
        Whether FGSM and plain PGD break it at the reference size. PGD is only tried where FGSM does.
    zero_gradient : bool array (n,)
        Whether the gradient at the untouched image is 0 everywhere.
    boundless : bool array (n,)
        Whether it breaks where every image is allowed.
    black_box : bool array (n,)
        Whether at some size the black box attack alone broke it; None if it is none of the attacks.
    """

    answer: np.ndarray
    smallest: np.ndarray
    broken_by: np.ndarray
    single_step: np.ndarray
    multi_step: np.ndarray
    zero_gradient: np.ndarray
    boundless: np.ndarray
    black_box: np.ndarray | None


def sweep(
    logits_of: LogitsOf,
    images: Tensor,
    labels: Tensor,
    seeds: Tensor,
    norm: Norm,
    grid: Sequence[float],
    reference: float,
    strength: Strength,
) -> Sweep:
    """Attack every item at every size of a grid.

    Parameters
    ----------
    logits_of : callable
        Pixels in [0, 1] to logits, every item for itself, differentiable.
    images : float tensor (n, 3, h, w)
        In [0, 1].
    labels, seeds : int64 tensors (n,)
        What is drawn for an item depends on its seed alone.
    norm : Norm
    grid : sequence of float
        The sizes, ascending.
    reference : float
        The one of them at which the single step is set against several.
    strength : Strength
    """
    return _Search(logits_of, images, labels, seeds, norm, strength).run(grid, reference)


class _Search:
    def __init__(
        self,
        logits_of: LogitsOf,
        images: Tensor,
        labels: Tensor,
        seeds: Tensor,
        norm: Norm,
        strength: Strength,
    ) -> None:
        self.logits_of, self.norm, self.strength = logits_of, norm, strength
        self.images, self.labels, self.seeds = images, labels, seeds
        self.points = images.clone()
        self.smallest = torch.full_like(labels, torch.inf, dtype=torch.float64)
        self.withstood = torch.zeros_like(self.smallest)
        self.names = [NO_ATTACK, SINGLE_STEP, *strength.attacks(), REFINEMENT]
        self.by = torch.zeros_like(labels)
        self.black_box = torch.zeros_like(labels, dtype=torch.bool)

    def run(self, grid: Sequence[float], reference: float) -> Sweep:
        logits, _, gradient = ascent(
            self.logits_of, self.images, self.labels, self.labels, cross_entropy
        )
        wrong = is_wrong(logits, self.labels)
        answer = torch.where(logits.isfinite().all(dim=1), logits.argmax(dim=1), -1)
        self.smallest[wrong] = 0
        right = torch.nonzero(~wrong)[:, 0]
        single, multi = self._single_against_several(right, gradient, reference)
        self._single_steps(gradient, grid)
        del gradient
        attacks = self.strength.attacks()
        for eps in reversed(grid):
            self._ensemble(eps, attacks)
        boundless = self._boundless(attacks)
        for _ in range(self.strength.refinements):
            self._refine()
        return Sweep(
            answer.cpu().numpy(),
            self.smallest.cpu().numpy(),
            np.array(self.names)[self.by.cpu().numpy()],
            single.cpu().numpy(),
            multi.cpu().numpy(),
            self.zero_gradient.cpu().numpy(),
            boundless.cpu().numpy(),
            self.black_box.cpu().numpy() if BLACK_BOX in attacks else None,
        )

    def _victims(self, rows: Tensor, eps: Tensor, started: bool = False) -> Victims:
        images = self.images[rows]
        eps = eps.to(images.dtype)
        start = within(self.norm, images, self.points[rows], eps) if started else None
        return Victims(images, self.labels[rows], eps, self.seeds[rows], start)

    def _same(self, rows: Tensor, eps: float) -> Tensor:
        return torch.full_like(rows, eps, dtype=torch.float64)

    def _single_against_several(
        self, right: Tensor, gradient: Tensor, reference: float
    ) -> tuple[Tensor, Tensor]:
        self.zero_gradient = ~gradient.flatten(1).any(dim=1)
        single, multi = torch.zeros_like(self.black_box), torch.zeros_like(self.black_box)
        if len(right):
            victims = self._victims(right, self._same(right, reference))
            found = fgsm(self.logits_of, victims, self.norm, gradient[right])
            self._keep(right, found, reference, _SINGLE)
            single[right] = found.broken
            rows = right[found.broken]
            if len(rows):
                found = self.strength.multi_step()(
                    self.logits_of, victims.take(found.broken), self.norm
                )
                multi[rows] = found.broken
        return single, multi

    def _single_steps(self, gradient: Tensor, grid: Sequence[float]) -> None:
        for eps in grid:
            # The line from a point that breaks an item is searched already.
            rows = torch.nonzero(self.smallest.isinf())[:, 0]
            if len(rows):
                victims = self._victims(rows, self._same(rows, eps))
                found = fgsm(self.logits_of, victims, self.norm, gradient[rows])
                self._keep(rows, found, eps, _SINGLE)

    def _ensemble(self, eps: float, attacks: Mapping[str, Attack]) -> None:
        due = (self.smallest > eps) & (self.withstood < eps)
        # What has no start yet is attacked apart from what has one.
        for started in (True, False):
            rows = torch.nonzero(due & (self.smallest.isfinite() == started))[:, 0]
            if not len(rows):
                continue
            victims = self._victims(rows, self._same(rows, eps), started)
            found, by = ensemble(self.logits_of, victims, self.norm, attacks)
            self._keep(rows, found, eps, by + _FIRST_ATTACK)
            self.withstood[rows[~found.broken]] = eps
            names = list(attacks)
            if BLACK_BOX in names:
                self.black_box[rows[by == names.index(BLACK_BOX)]] = True

    def _boundless(self, attacks: Mapping[str, Attack]) -> Tensor:
        rows = torch.nonzero(self.smallest.isinf())[:, 0]
        broken = torch.ones_like(self.black_box)
        if len(rows):
            whole = self.norm.largest(self.images[:1].numel())
            victims = self._victims(rows, self._same(rows, whole))
            broken[rows] = next(iter(attacks.values()))(self.logits_of, victims, self.norm).broken
        return broken

    def _refine(self) -> None:
        rows = torch.nonzero(self.smallest.isfinite() & (self.smallest > 0))[:, 0]
        if len(rows):
            middle = (self.withstood[rows] + self.smallest[rows]) / 2
            victims = self._victims(rows, middle, started=True)
            found = self.strength.refinement()(self.logits_of, victims, self.norm)
            self.withstood[rows[~found.broken]] = middle[~found.broken]
            self._keep(rows, found, middle, len(self.names) - 1)

    def _keep(self, rows: Tensor, found: Attacked, most: Tensor | float, by: Tensor | int) -> None:
        """Keep what breaks an item by less than was known, shortened along its line."""
        by = torch.as_tensor(by, device=rows.device).expand_as(rows)[found.broken]
        most = torch.as_tensor(most, dtype=torch.float64, device=rows.device)
        most = most.expand_as(rows)[found.broken]
        rows, points = rows[found.broken], found.points[found.broken]
        if not len(rows):
            return
        images, labels = self.images[rows], self.labels[rows]
        points = shortest_along(self.logits_of, images, points, labels, self.strength.precision)
        # Within the ball but for rounding.
        size = torch.minimum(self.norm.size(points - images).double(), most)
        less = size < self.smallest[rows]
        rows = rows[less]
        self.points[rows], self.smallest[rows], self.by[rows] = points[less], size[less], by[less]

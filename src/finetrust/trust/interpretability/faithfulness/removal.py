"""What becomes of an answer as the places that a heat map names are taken away, or alone are left.

Deletion and insertion: Petsiuk, Das & Saenko, "RISE", BMVC 2018. Pixel flipping: Bach et al., PLOS ONE
2015, and Samek et al., IEEE TNNLS 2017. Remove and debias: Rong et al. 2022 (deletion with the
replacement ``noisy_linear``). Comprehensiveness and sufficiency: DeYoung et al., "ERASER", ACL 2020. All
of them are read from the same two curves, so that one sweep of passes yields every one.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from finetrust.trust.interpretability.faithfulness.replacements.replacement import Replacement
from finetrust.trust.trials.draws import uniform

FRACTIONS = (0.0, 0.01, 0.05, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1.0)
RATIONALES = (0.01, 0.05, 0.1, 0.2, 0.5)
"""Shares of the places that count as the rationale, as DeYoung et al. have it."""

_TIES = 1


@dataclass(frozen=True, eq=False)
class RemovalCurve:
    """How an answer fades, or comes up.

    Parameters
    ----------
    fractions : tuple of float (k,)
        Share of the places, from those that the map ranks highest down; ascending.
    probability : float64 tensor (n, k)
        Of the target class; NaN where the map or the logits are not finite.
    answered : bool tensor (n, k)
        Whether the target is what the network answers.
    """

    fractions: tuple[float, ...]
    probability: Tensor
    answered: Tensor

    def area(self) -> Tensor:
        """Return the area under each curve of probability by the trapezoidal rule: float64 (n,).

        Divided by the range of the fractions, and so in [0, 1]. Of a deletion, low is faithful; of an
        insertion, high.
        """
        at = torch.tensor(self.fractions, dtype=torch.float64, device=self.probability.device)
        return torch.trapezoid(self.probability, at, dim=1) / (at[-1] - at[0])


def removal_curves(
    logits_of: Callable[[Tensor], Tensor],
    images: Tensor,
    targets: Tensor,
    maps: Sequence[Tensor],
    seeds: Tensor,
    replacement: Replacement,
    fractions: Sequence[float] = FRACTIONS,
    at_once: int = 64,
) -> list[tuple[RemovalCurve, RemovalCurve]]:
    """Return the curves of deletion and insertion of several maps of the same items.

    What they share is put to the network once: the image itself, and the image of which nothing is left.

    Parameters
    ----------
    maps : sequence of m float tensors (n, h, w)
    others
        As those of :func:`deletion`.

    Returns
    -------
    list of m pairs of RemovalCurve
    """
    sides = [(which, keep) for which in range(len(maps)) for keep in (False, True)]
    deleted_and_inserted = _curves(
        logits_of, images, targets, maps, seeds, replacement, tuple(fractions), at_once, sides
    )
    return list(zip(deleted_and_inserted[::2], deleted_and_inserted[1::2], strict=True))


def deletion(
    logits_of: Callable[[Tensor], Tensor],
    images: Tensor,
    targets: Tensor,
    maps: Tensor,
    seeds: Tensor,
    replacement: Replacement,
    fractions: Sequence[float] = FRACTIONS,
    at_once: int = 64,
) -> RemovalCurve:
    """Return what becomes of the target's probability as the highest places are replaced.

    Parameters
    ----------
    logits_of : callable
        Pixels (m, c, h, w) to logits (m, classes).
    images : float tensor (n, c, h, w)
        Pixels in [0, 1].
    targets : int64 tensor (n,)
    maps : float tensor (n, h, w)
        Higher speaks for the target. Only their order matters; between equal places the item's seed
        decides, so that a map that says nothing ranks at random.
    seeds : int64 tensor (n,)
    replacement : Replacement
    fractions : sequence of float (k,)
        Shares of the places, ascending in [0, 1]; each is rounded to whole pixels.
    at_once : int
        Images in one pass; passes are shared by items and fractions.
    """
    given = logits_of, images, targets, [maps], seeds, replacement, tuple(fractions), at_once
    return _curves(*given, [(0, False)])[0]


def insertion(
    logits_of: Callable[[Tensor], Tensor],
    images: Tensor,
    targets: Tensor,
    maps: Tensor,
    seeds: Tensor,
    replacement: Replacement,
    fractions: Sequence[float] = FRACTIONS,
    at_once: int = 64,
) -> RemovalCurve:
    """Return what becomes of the target's probability as only the highest places are left.

    The parameters are those of :func:`deletion`; a fraction is what is left.
    """
    given = logits_of, images, targets, [maps], seeds, replacement, tuple(fractions), at_once
    return _curves(*given, [(0, True)])[0]


def comprehensiveness(deleted: RemovalCurve, rationales: Sequence[float] = RATIONALES) -> Tensor:
    """Return how much the probability falls without the rationale: float64 (n,), in [-1, 1].

    Mean over the sizes of the rationale (DeYoung et al. 2020, eq. 1 and 3). High is faithful. The curve
    must hold the fraction 0 and every size.
    """
    whole = _at(deleted, 0.0)
    return torch.stack([whole - _at(deleted, share) for share in rationales]).mean(dim=0)


def sufficiency(inserted: RemovalCurve, rationales: Sequence[float] = RATIONALES) -> Tensor:
    """Return how much the probability falls with the rationale alone: float64 (n,), in [-1, 1].

    Mean over the sizes of the rationale (DeYoung et al. 2020, eq. 2 and 3). Low is faithful. The curve
    must hold the fraction 1 and every size.
    """
    whole = _at(inserted, 1.0)
    return torch.stack([whole - _at(inserted, share) for share in rationales]).mean(dim=0)


def flipping_fractions(places: int, at_once: int) -> tuple[float, ...]:
    """Return the fractions of pixel flipping: 0, then `at_once` of `places` more at each step."""
    return tuple(min(flipped, places) / places for flipped in range(0, places + at_once, at_once))


def at_equal_steps(curve: RemovalCurve, steps: int) -> RemovalCurve:
    """Return those points of a curve that lie `steps` equal steps apart; it must hold every one."""
    fractions = tuple(step / steps for step in range(steps + 1))
    columns = [_column(curve, fraction) for fraction in fractions]
    return RemovalCurve(fractions, curve.probability[:, columns], curve.answered[:, columns])


def aopc(deleted: RemovalCurve) -> Tensor:
    """Return the area over the perturbation curve: float64 (n,). High is faithful.

    Mean over the steps, the first of which flips nothing, of the fall of the probability (Samek et al.
    2017, eq. 12).
    """
    return (_at(deleted, 0.0)[:, None] - deleted.probability).mean(dim=1)


def order_of(maps: Tensor, seeds: Tensor) -> Tensor:
    """Return the places from the highest down, equal ones at random by the seeds: int64 (n, h * w)."""
    flat = maps.flatten(1)
    shuffled = uniform(flat.float(), seeds, _TIES).argsort(dim=1, stable=True)
    ranked = flat.gather(1, shuffled).argsort(dim=1, descending=True, stable=True)
    return shuffled.gather(1, ranked)


def _curves(
    logits_of: Callable[[Tensor], Tensor],
    images: Tensor,
    targets: Tensor,
    maps: Sequence[Tensor],
    seeds: Tensor,
    replacement: Replacement,
    fractions: tuple[float, ...],
    at_once: int,
    sides: Sequence[tuple[int, bool]],
) -> list[RemovalCurve]:
    """Return a curve for each side: which map, and whether its highest places are what is kept."""
    places = images.shape[-2] * images.shape[-1]
    wanted = [
        [_mask(which, round(fraction * places), keep, places) for fraction in fractions]
        for which, keep in sides
    ]
    masks = list(dict.fromkeys(mask for of_side in wanted for mask in of_side))
    ranks = torch.stack([_ranks(one, seeds).view_as(one) for one in maps])
    which, counts, keeps = (
        torch.tensor(part, device=images.device) for part in zip(*masks, strict=True)
    )
    items = max(1, min(len(images), at_once))
    steps = max(1, at_once // items)
    probability = torch.full((len(images), len(masks)), torch.nan, dtype=torch.float64)
    answered = torch.zeros(len(images), len(masks), dtype=torch.bool)
    for start in range(0, len(images), items):
        rows = slice(start, start + items)
        remove, target = replacement(images[rows], seeds[rows]), targets[rows]
        for first in range(0, len(masks), steps):
            columns = slice(first, first + steps)
            inside = ranks[which[columns], rows] < counts[columns].view(-1, 1, 1, 1)
            shown = remove(inside ^ keeps[columns].view(-1, 1, 1, 1))
            with torch.no_grad():
                logits = logits_of(shown.flatten(0, 1)).double()
            of_target = logits.softmax(dim=1).view(*shown.shape[:2], -1)
            index = target.expand(len(shown), -1)[..., None]
            probability[rows, columns] = of_target.gather(2, index)[..., 0].T.cpu()
            answers = torch.where(logits.isfinite().all(dim=1), logits.argmax(dim=1), -1)
            answered[rows, columns] = (answers.view(shown.shape[:2]) == target).T.cpu()
    found = []
    for (which_map, _), of_side in zip(sides, wanted, strict=True):
        columns_of_side = [masks.index(mask) for mask in of_side]
        told = maps[which_map].flatten(1).isfinite().all(dim=1).cpu()[:, None]
        found.append(
            RemovalCurve(
                fractions,
                probability[:, columns_of_side].where(told, torch.nan),
                answered[:, columns_of_side] & told,
            )
        )
    return found


def _mask(which: int, count: int, keep: bool, places: int) -> tuple[int, int, bool]:
    """Return (map, how many of its highest places, whether they are kept); alike for all or nothing."""
    if count in (0, places):
        return 0, 0, keep == (count == 0)
    return which, count, keep


def _ranks(maps: Tensor, seeds: Tensor) -> Tensor:
    order = order_of(maps, seeds)
    places = torch.arange(order.shape[1], device=order.device).expand_as(order)
    return torch.empty_like(order).scatter_(1, order, places)


def _at(curve: RemovalCurve, fraction: float) -> Tensor:
    return curve.probability[:, _column(curve, fraction)]


def _column(curve: RemovalCurve, fraction: float) -> int:
    if fraction not in curve.fractions:
        raise ValueError(f"the curve lacks the fraction {fraction:g}: {curve.fractions}")
    return curve.fractions.index(fraction)

"""Shortcuts: what a class has in common that is not its object, and that a model goes by.

A mark in a corner, a frame, a background or a tint that nearly all images of a class share is the
easiest way to tell it, and a model that goes by it is right on the test set and wrong elsewhere:
Lapuschkin et al., "Unmasking Clever Hans Predictors", Nature Communications 10, 2019; Geirhos et al.,
"Shortcut Learning in Deep Neural Networks", Nature Machine Intelligence 2, 2020.

What is looked for in many places is found in noise too, so candidates are found on one half of the
items and judged on the other, with Holm's correction for how many are judged. Each is replaced in
several ways, and counts only as far as all of them agree (an intersection-union test: Berger,
"Multiparameter Hypothesis Testing and Acceptance Sampling", Technometrics 24(4), 1982).
"""

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
import torch
from torch import Tensor

from finetrust.core.errors import NotApplicable
from finetrust.trust.comparison.holm import holm
from finetrust.trust.interpretability.shortcuts.effects import (
    Answers,
    Change,
    Removal,
    Share,
    removals,
    turned,
)
from finetrust.trust.interpretability.shortcuts.halves import Half, halves
from finetrust.trust.interpretability.shortcuts.part import Box, Kind, box_of
from finetrust.trust.interpretability.shortcuts.reliance import energy_shares
from finetrust.trust.interpretability.shortcuts.screening import Candidate, candidates

LEVEL = 0.05
SIZE = 0.1
WIDE_SIZE = 0.3
WIDE: frozenset[Kind] = frozenset({"border", "background", "colour"})
"""Kinds that hold honest evidence too: the sky around an aeroplane, the colour of a frog."""

MOST_JUDGED = 12
LEAST_OF_CLASS = 10
MOST_OF_CLASS = 100
MOST_ITEMS = 2000


@dataclass(frozen=True)
class Shortcut:
    """A part of the images that was judged as a shortcut to a class.

    Parameters
    ----------
    kind, place : str
        What it is, and in plain words where.
    box : (x1, y1, x2, y2) or None
        In pixels; None where it is not a place.
    label : int
        The class that it leads to.
    accuracy : Share
        Of the class, as the images are.
    removals : tuple of Removal
        The accuracy of the class without it, one for each way to replace it.
    fall : Change
        Of the accuracy of the class, by the way to replace it that costs least; the p-value is the
        largest of all ways.
    turned : Change
        The share of items of other classes that turn into this class with this part from it.
    adjusted_p : float
        The smaller of the two p-values after Holm's correction over all that were judged.
    alarm : bool
        Whether one of the two effects is significant and larger than the size asked about.
    heat_share, area_share : float or None
        The share of the heat of the class that lies in the place, and what an even heat would have.
    """

    kind: Kind
    place: str
    box: Box | None
    label: int
    accuracy: Share
    removals: tuple[Removal, ...]
    fall: Change
    turned: Change
    adjusted_p: float
    alarm: bool
    heat_share: float | None
    area_share: float | None

    @property
    def without(self) -> Removal:
        """The way to replace it that costs least."""
        return min(self.removals, key=lambda removal: removal.fall.value)

    @property
    def effect(self) -> float:
        """The larger of the two effects."""
        return max(self.fall.value, self.turned.value)


@dataclass(frozen=True)
class Shortcuts:
    """What was judged, alarms first and then by the size of the effect.

    Parameters
    ----------
    judged : tuple of Shortcut
    left_out : tuple of int
        Classes with too few items.
    n_found_on, n_judged_on : int
        Items of the two halves.
    """

    judged: tuple[Shortcut, ...]
    left_out: tuple[int, ...]
    n_found_on: int
    n_judged_on: int

    @property
    def alarms(self) -> tuple[Shortcut, ...]:
        """Those that raise an alarm."""
        return tuple(shortcut for shortcut in self.judged if shortcut.alarm)


def find_shortcuts(
    logits_of: Callable[[Tensor], Tensor],
    images: Tensor,
    targets: Tensor,
    heat: Tensor | None = None,
    objects: Tensor | None = None,
    size: float = SIZE,
    wide_size: float = WIDE_SIZE,
    most_of_class: int = MOST_OF_CLASS,
    seed: int = 0,
) -> Shortcuts:
    """Return what a model goes by that a class has in common at a place or as a layer.

    Parameters
    ----------
    logits_of : callable
        From pixels in [0, 1] (m, 3, h, w) to logits (m, classes); each image for itself.
    images : float tensor (n, 3, h, w)
        In [0, 1]; on the device where `logits_of` takes them.
    targets : int64 tensor (n,)
    heat : float tensor (n, h, w), optional
        Heat maps for the targets: more boxes to look at, and the share of the heat in each place.
    objects : bool tensor (n, h, w), optional
        Where the objects are: then the background is a candidate.
    size : float
        An effect on this share of the items, or on less, raises no alarm.
    wide_size : float
        The same for border, background and colour. Networks that nobody planted anything in go by
        them to some extent: small ones on CIFAR-10 by their colour for up to 27 % of a class.
    most_of_class : int
        How many items of a class each half has at most; fewer, down to 10, where a half would
        have more than 2,000 items.
    seed : int
        Of the halves and of who gives to whom.

    Returns
    -------
    Shortcuts

    Raises
    ------
    NotApplicable
        If fewer than two classes have 20 items.
    """
    of_item = targets.cpu().numpy().astype(np.int64)
    n_classes = max(len(np.unique(of_item)), 1)
    most = max(LEAST_OF_CLASS, min(most_of_class, MOST_ITEMS // n_classes))
    split, small = halves(of_item, LEAST_OF_CLASS, most, seed)
    if split is None:
        raise NotApplicable(
            f"shortcuts are looked for between classes of at least {2 * LEAST_OF_CLASS} items, and "
            "fewer than two classes have as many"
        )
    first, second = split
    answers = Answers(logits_of, images)
    found = candidates(answers, images, of_item, first, heat, objects)[:MOST_JUDGED]
    judged = [_judged(answers, candidate, second, heat) for candidate in found]
    p_values = np.array([p for s in judged for p in (s.fall.p_value, s.turned.p_value)])
    adjusted = holm(p_values).reshape(-1, 2)
    decided = [
        _decided(s, p_fall, p_turned, wide_size if s.kind in WIDE else size)
        for s, (p_fall, p_turned) in zip(judged, adjusted.tolist(), strict=True)
    ]
    ranked = sorted(decided, key=lambda s: (not s.alarm, -s.effect))
    return Shortcuts(tuple(ranked), tuple(small), len(first.items), len(second.items))


def _judged(answers: Answers, candidate: Candidate, half: Half, heat: Tensor | None) -> Shortcut:
    part, label = candidate.part, candidate.label
    mine = half.of_class[label]
    ways = tuple(removals(answers, part, label, half))
    least = min((way.fall for way in ways), key=lambda fall: fall.value)
    heat_share = area_share = None
    if part.area is not None:
        area_share = float(part.area.float().mean())
        if heat is not None:
            shares = energy_shares(heat[torch.from_numpy(mine).to(heat.device)], part.area)
            heat_share = float(np.nanmean(shares)) if np.isfinite(shares).any() else None
    return Shortcut(
        kind=part.kind,
        place=part.name,
        box=None if part.area is None else box_of(part.area),
        label=label,
        accuracy=Share.of(answers.untouched(mine) == label),
        removals=ways,
        fall=replace(least, p_value=max(way.fall.p_value for way in ways)),
        turned=turned(answers, part, label, half),
        adjusted_p=1.0,
        alarm=False,
        heat_share=heat_share,
        area_share=area_share,
    )


def _decided(shortcut: Shortcut, p_fall: float, p_turned: float, size: float) -> Shortcut:
    effects = (shortcut.fall.value, p_fall), (shortcut.turned.value, p_turned)
    alarm = any(value > size and p <= LEVEL for value, p in effects)
    return replace(shortcut, adjusted_p=min(p_fall, p_turned), alarm=alarm)

"""What a model answers with and without a candidate, item by item of the half that judges it.

The comparison is always with the same part from the item's own class (its typical content at a place,
another image of it for the background and the colour): whatever damage comes from the exchange itself,
or from losing this very object, is in both. What remains is what the class has in common there.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from finetrust.trust.interpretability.shortcuts.answers import Answers
from finetrust.trust.interpretability.shortcuts.halves import Half
from finetrust.trust.interpretability.shortcuts.part import Box, Kind, Part, box_of
from finetrust.trust.interpretability.shortcuts.reliance import energy_shares

MOST_OTHERS = 500
FROM_OTHERS = "from other classes"


@dataclass(frozen=True, eq=False)
class Outcome:
    """What one candidate does; arrays (n,) over the items of a half, NaN where nothing was asked.

    Parameters
    ----------
    kind, place : str
    box : (x1, y1, x2, y2) or None
        In pixels; None where it is not a place.
    label : int
        The class that it may lead to.
    area_share : float or None
        The share of the pixels; None where it is not a place.
    own : float array
        Of items of the class: 1 if they are taken for it with this part from their own class.
    without : mapping of str to float array
        Of items of the class, by the way to replace the part: 1 if they are still taken for it.
    before, after : float array
        Of items of other classes: 1 if they are taken for this class with the part from their own
        class, and with the part from this class.
    heat : float array
        Of items of the class: the share of their heat in the place.
    """

    kind: Kind
    place: str
    box: Box | None
    label: int
    area_share: float | None
    own: np.ndarray
    without: Mapping[str, np.ndarray]
    before: np.ndarray
    after: np.ndarray
    heat: np.ndarray


@dataclass(frozen=True, eq=False)
class Judged:
    """The half of the items that candidates were judged on, and what was found of each.

    Parameters
    ----------
    items : int64 array (n,)
        Rows of the images.
    targets, predicted : int64 array (n,)
        Of these items, untouched.
    typical : int64 array (n,)
        What is predicted for the typical image of the class of each item, the median of each pixel over
        the class; -1 where the typical image of all classes gets the same answer.
    outcomes : tuple of Outcome
        The one first that had the largest effect on the half that it was found on.
    left_out : tuple of int
        Classes with too few items.
    """

    items: np.ndarray
    targets: np.ndarray
    predicted: np.ndarray
    typical: np.ndarray
    outcomes: tuple[Outcome, ...] = ()
    left_out: tuple[int, ...] = ()

    def aligned(self, label: int) -> bool:
        """Return whether objects lie at the same place in all images, as digits in their frame do.

        Then the typical image of a class shows its object: more than half of the classes, that of `label`
        aside, are recognised by it. Typical images of photographs are blurs in which only a mark is left.
        """
        others = self.targets != label
        labels, first = np.unique(self.targets[others], return_index=True)
        return bool(len(labels)) and bool((self.typical[others][first] == labels).mean() > 0.5)


def outcome(
    answers: Answers, part: Part, label: int, half: Half, heat: Tensor | None = None
) -> Outcome:
    """Return what a model answers with and without `part` as a sign of class `label`.

    Parameters
    ----------
    answers : Answers
    part : Part
    label : int
    half : Half
    heat : float tensor (images, h, w), optional
        Heat maps for the targets.
    """
    mine = np.isin(half.items, half.of_class[label])
    items = half.items[mine]

    def taken(rows: np.ndarray, predicted: np.ndarray) -> np.ndarray:
        return _spread(rows, len(half.items), predicted == label)

    without = {FROM_OTHERS: taken(mine, answers.exchanged(part, items, half.other[mine]))}
    for name, fill in part.fillings.items():
        without[name] = taken(mine, answers.filled(fill, items))
    chosen = half.not_of(label, MOST_OTHERS)
    others = half.items[chosen]
    return Outcome(
        kind=part.kind,
        place=part.name,
        box=None if part.area is None else box_of(part.area),
        label=label,
        area_share=None if part.area is None else float(part.area.float().mean()),
        own=taken(mine, answers.exchanged(part, items, half.same[mine])),
        without=without,
        before=taken(chosen, answers.exchanged(part, others, half.same[chosen])),
        after=taken(chosen, answers.exchanged(part, others, half.given_by(label, len(others)))),
        heat=_spread(mine, len(half.items), _heat_in(part, items, heat)),
    )


def _heat_in(part: Part, items: np.ndarray, heat: Tensor | None) -> np.ndarray:
    if heat is None or part.area is None:
        return np.full(len(items), np.nan)
    return energy_shares(heat[torch.from_numpy(items).to(heat.device)], part.area)


def _spread(rows: np.ndarray, n: int, values: np.ndarray) -> np.ndarray:
    found = np.full(n, np.nan)
    found[rows] = values
    return found

"""Which parts of which classes are worth a judgement: found on one half of the items."""

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from finetrust.trust.interpretability.shortcuts.answers import Answers
from finetrust.trust.interpretability.shortcuts.background import Background
from finetrust.trust.interpretability.shortcuts.distinctive import distinctive_boxes
from finetrust.trust.interpretability.shortcuts.halves import Half
from finetrust.trust.interpretability.shortcuts.layers import Colour, CommonDetail, fine_detail
from finetrust.trust.interpretability.shortcuts.part import Part
from finetrust.trust.interpretability.shortcuts.places import Typical, fixed_places, patch

CONTAINED = 0.5
AS_GOOD = 0.8


@dataclass(frozen=True, eq=False)
class Candidate:
    """A part that may be a shortcut to a class, with its effect on the half that it was found on."""

    part: Part
    label: int
    effect: float


def candidates(
    answers: Answers,
    images: Tensor,
    targets: np.ndarray,
    half: Half,
    heat: Tensor | None,
    objects: Tensor | None,
) -> list[Candidate]:
    """Return parts with an effect on the answers for a class, the largest effect first.

    Looked at are for every class the border, the corners, the cells of a grid, the background, the
    colour and the common fine detail, and for each class the boxes in which it has content of its own.
    The effect is the larger of two: the fall of the accuracy of the class with this part from other
    classes, and the share of other items that turn into the class with this part from it. Of places
    of one class that overlap, the smallest stays that does nearly as much.

    Parameters
    ----------
    answers : Answers
    images : float tensor (n, 3, h, w)
    targets : int64 array (n,)
    half : Half
    heat : float tensor (n, h, w) or None
    objects : bool tensor (n, h, w) or None
    """
    rows = torch.from_numpy(half.items).to(images.device)
    labels = torch.from_numpy(targets).to(images.device)
    detail = fine_detail(images[rows])
    typical = Typical.of(images[rows], labels[rows], labels)
    everywhere: list[Part] = [
        *fixed_places(typical),
        Colour(),
        CommonDetail.of(detail, labels[rows], labels),
    ]
    if objects is not None:
        everywhere.append(Background(objects))
    found = [
        candidate
        for part in everywhere
        for candidate in _effects(answers, part, targets, half, list(half.of_class))
    ]
    signals = [(images[rows].mean(1), True), (detail.mean(1), False)]
    if heat is not None:
        signals.append((heat[rows], False))
    for label in half.of_class:
        mine = labels[rows] == label
        boxes = {
            box for signal, constant in signals for box in distinctive_boxes(signal, mine, constant)
        }
        for box in sorted(boxes):
            found += _effects(answers, patch(box, typical), targets, half, [label])
    found = [c for c in found if c.effect > 0]
    return _without_overlaps(sorted(found, key=lambda c: -c.effect))


def _effects(
    answers: Answers, part: Part, targets: np.ndarray, half: Half, labels: list[int]
) -> list[Candidate]:
    """Return the effects on some classes; items that neither are of them nor get from them are not asked."""
    given = np.isin(targets[half.other], labels) | np.isin(targets[half.items], labels)
    items, same, other = half.items[given], half.same[given], half.other[given]
    control = answers.exchanged(part, items, same)
    treated = answers.exchanged(part, items, other)
    found = []
    for label in labels:
        mine, gets = targets[items] == label, targets[other] == label
        fall = (control[mine] == label).mean() - (treated[mine] == label).mean()
        rise = (
            (treated[gets] == label).mean() - (control[gets] == label).mean() if gets.any() else 0.0
        )
        found.append(Candidate(part, label, float(max(fall, rise))))
    return found


def _without_overlaps(ranked: list[Candidate]) -> list[Candidate]:
    kept: list[Candidate] = []
    for candidate in ranked:
        rivals = [
            k for k in kept if k.label == candidate.label and _overlap(k.part, candidate.part)
        ]
        if not rivals:
            kept.append(candidate)
        elif len(rivals) == 1 and _tighter(candidate, rivals[0]):
            kept[kept.index(rivals[0])] = candidate
    return kept


def _overlap(one: Part, other: Part) -> bool:
    if one.area is None or other.area is None:
        return False
    shared = int((one.area & other.area).sum())
    return shared >= CONTAINED * min(int(one.area.sum()), int(other.area.sum()))


def _tighter(one: Candidate, other: Candidate) -> bool:
    assert one.part.area is not None
    assert other.part.area is not None
    smaller = int(one.part.area.sum()) < int(other.part.area.sum())
    return smaller and one.effect >= AS_GOOD * other.effect

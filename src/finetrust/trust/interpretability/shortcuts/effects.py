"""What a model answers when a part of the images is exchanged, and how much that changes.

The comparison is always with the same part from the item's own class (its typical content at a place,
another image of it for the background and the colour): whatever damage comes from the exchange itself,
or from losing this very object, is in both. What remains is what the class has in common there.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from finetrust.trust.accuracy.intervals import wilson
from finetrust.trust.comparison.shares import share_difference
from finetrust.trust.interpretability.shortcuts.halves import Half
from finetrust.trust.interpretability.shortcuts.part import Part

AT_ONCE = 256
MOST_OTHERS = 500
FROM_OTHERS = "from other classes"


@dataclass(frozen=True)
class Share:
    """A share of n items with its 95 % interval (Wilson)."""

    value: float
    ci_low: float
    ci_high: float
    n: int

    @classmethod
    def of(cls, holds: np.ndarray) -> "Share":
        """Return the share of a bool array (n,)."""
        low, high = wilson(holds.sum(), len(holds))
        return cls(float(holds.mean()), float(low), float(high), len(holds))


@dataclass(frozen=True)
class Change:
    """How much smaller or larger a share of the same n items became.

    Parameters
    ----------
    value, ci_low, ci_high : float
        With the 95 % interval of paired shares (Bonett & Price 2012).
    p_value : float
        McNemar's exact test, two-sided; 1 where the change is not in the direction asked about.
    n : int
    """

    value: float
    ci_low: float
    ci_high: float
    p_value: float
    n: int


@dataclass(frozen=True)
class Removal:
    """What one way to replace a part does to the accuracy of a class.

    Parameters
    ----------
    filling : str
    without : Share
        The accuracy with the part replaced.
    fall : Change
        From the images with this part from their own class (other fillings: the untouched images).
    """

    filling: str
    without: Share
    fall: Change


class Answers:
    """Asks a model about changed images.

    Parameters
    ----------
    logits_of : callable
        From pixels in [0, 1] (m, 3, h, w) to logits (m, classes).
    images : float tensor (n, 3, h, w)
    """

    def __init__(self, logits_of: Callable[[Tensor], Tensor], images: Tensor) -> None:
        self._logits_of = logits_of
        self._images = images

    def untouched(self, items: np.ndarray) -> np.ndarray:
        """Return the predicted classes of some rows: int64 array (m,)."""
        return self._asked(lambda rows: self._images[rows], items)

    def exchanged(self, part: Part, items: np.ndarray, donors: np.ndarray) -> np.ndarray:
        """Return the predicted classes with `part` from the donors: int64 array (m,)."""
        return self._asked(lambda *rows: part.exchanged(self._images, *rows), items, donors)

    def filled(self, part: Part, filling: str, items: np.ndarray) -> np.ndarray:
        """Return the predicted classes with a neutral filling: int64 array (m,)."""
        fill = part.fillings[filling]
        return self._asked(lambda rows: fill(self._images, rows), items)

    def _asked(self, changed: Callable[..., Tensor], *rows: np.ndarray) -> np.ndarray:
        device = self._images.device
        indices = [torch.from_numpy(r).to(device).split(AT_ONCE) for r in rows]
        with torch.no_grad():
            asked = [
                self._logits_of(changed(*some)).argmax(1) for some in zip(*indices, strict=True)
            ]
        return torch.cat(asked).cpu().numpy()


def removals(answers: Answers, part: Part, label: int, half: Half) -> list[Removal]:
    """Return how the accuracy of class `label` falls without `part`, for each way to replace it."""
    mine = np.isin(half.items, half.of_class[label])
    items = half.items[mine]
    own = answers.exchanged(part, items, half.same[mine]) == label
    others = answers.exchanged(part, items, half.other[mine]) == label
    found = [Removal(FROM_OTHERS, Share.of(others), _fall(own, others))]
    untouched = answers.untouched(items) == label
    for filling in part.fillings:
        filled = answers.filled(part, filling, items) == label
        found.append(Removal(filling, Share.of(filled), _fall(untouched, filled)))
    return found


def turned(answers: Answers, part: Part, label: int, half: Half) -> Change:
    """Return how many more items of other classes are taken for `label` with `part` from it."""
    chosen = half.not_of(label, MOST_OTHERS)
    items = half.items[chosen]
    before = answers.exchanged(part, items, half.same[chosen]) == label
    after = answers.exchanged(part, items, half.given_by(label, len(items))) == label
    return _rise(before, after)


def _rise(before: np.ndarray, after: np.ndarray) -> Change:
    tested = share_difference(before, after)
    value = float(after.mean() - before.mean())
    p = tested.p_value if value > 0 else 1.0
    return Change(value, float(tested.ci_low), float(tested.ci_high), p, len(before))


def _fall(before: np.ndarray, after: np.ndarray) -> Change:
    """Return how much less often something holds: a rise of the opposite."""
    return _rise(~before, ~after)

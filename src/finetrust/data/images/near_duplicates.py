"""Near duplicates: pairs of pictures that are the same, but for encoding, size, turns, light or crops.

Candidates (:mod:`finetrust.data.images.copy_candidates`) are laid over one another
(:mod:`finetrust.data.images.registration`). Two pictures count as the same if they then differ little
in themselves and far less than is usual between neighbours in these data: scans of digits are all
much alike, photos are not.

Measured (tests/data/images/test_near_duplicates.py keeps watch): of 400 images of CIFAR-10 at 32 px,
200 photos of insects and 200 blood smears, each changed in one way and sought among all of their set:

====================================================  ========  ======  ============
found, of those                                       CIFAR-10  photos  blood smears
====================================================  ========  ======  ============
JPEG 30 to 95, half to twice the size, sides by 10 %     100 %   100 %         100 %
mirrored, upside down, turned by 90 or 180 degrees       100 %   100 %         100 %
up to 5 % (10 %) cut off each side at random         100, 99 %  100, 99 %  100, 100 %
10 % cut off every side (off two sides)               95, 97 %  90, 97 %   94, 85 %
brightness by 0.6 to 1.4, contrast by 0.6 to 1.5          99 %   100 %         100 %
====================================================  ========  ======  ============

Without any planted copies, 86 pairs are reported among 8,000 images of CIFAR-10 (114 items), all of
them copies to the eye; none among 397 photos; 4 among 364 blood smears, the same view a little
shifted; 47 among 145 frames of films, all neighbours in time. Scans of 8 x 8 pixels hold too little
to do as well: of scikit-learn's 1,797 digits, 1 pair of different ones is reported (0.06 %); JPEG of
quality 70 and more, mirroring and twice the size are found wholly, brightness and contrast to 87 %,
most crops and halves are not.
Time on one core: 2 s for 8,000 pictures, 22 s (450 MB) for 60,000; 5 s for 10,000 against 50,000.
"""

import math

import numpy as np

from finetrust.data.images.copy_candidates import CopyIndex
from finetrust.data.images.registration import likeness, likeness_unmoved
from finetrust.data.images.tangents import TURNS, turn_picture

_LARGEST_DIFFERENCE = 0.055
_SMALLEST_DIFFERENCE = 0.005
_OF_SQUARED_USUAL_DIFFERENCE = 0.6
_OF_USUAL_DIFFERENCE_UNMOVED = 0.2
_LOOKED_AT = 3
_NEIGHBOUR = 5
_CROWDED = 0.05
_ITEMS_ASKED = 128


def near_pairs(thumbnails: np.ndarray, others: np.ndarray | None = None) -> np.ndarray:
    """Return index pairs (k, 2) of near duplicates, within one set or between two.

    Of many copies of one picture, each is paired with some of the others.

    Parameters
    ----------
    thumbnails : uint8 array (n, 24, 24)
    others : uint8 array (m, 24, 24), optional
        With it, a pair is an index into `thumbnails` and one into `others`; without, i < j.
    """
    if others is None:
        pairs = np.sort(_Comparison(thumbnails, None).copies(), axis=1)
    elif len(others) < len(thumbnails):
        pairs = _Comparison(others, thumbnails).copies()[:, ::-1]
    else:
        pairs = _Comparison(thumbnails, others).copies()
    return np.unique(pairs, axis=0)


class _Comparison:
    """Pictures that are asked about and those they may be copies of: others, or one another."""

    def __init__(self, asked: np.ndarray, known: np.ndarray | None) -> None:
        self._asked, self._known = asked, asked if known is None else known
        self._alone = known is None
        self._index = CopyIndex(self._known)

    def copies(self) -> np.ndarray:
        """Return pairs (k, 2) of rows of those asked about and of the others."""
        rows = np.arange(len(self._asked))
        pairs, ways = self._candidates(rows, _LOOKED_AT)
        if self._alone:
            _, first = np.unique(np.sort(pairs, axis=1), axis=0, return_index=True)
            pairs, ways = pairs[first], ways[first]
        turned = self._turned(pairs, ways)
        difference = 1 - likeness(turned, self._known[pairs[:, 1]])
        close = difference <= _LARGEST_DIFFERENCE
        pairs, difference, turned = pairs[close], difference[close], turned[close]
        moved, unmoved = self._limits()
        copies = difference <= moved
        copies |= 1 - likeness_unmoved(turned, self._known[pairs[:, 1]]) <= unmoved
        return pairs[copies]

    def _limits(self) -> tuple[float, float]:
        """Return up to which difference two pictures are the same, once registered and as they are.

        They follow from the difference to the fifth neighbour, which copies seldom reach, where
        pictures are crowded most. Once registered, with its square: in a crowd there are more
        chances too.
        """
        step = max(1, math.ceil(len(self._asked) / _ITEMS_ASKED))
        rows = np.arange(0, len(self._asked), step)
        pairs, ways = self._candidates(rows, _NEIGHBOUR)
        rank = np.arange(len(pairs)) - np.searchsorted(pairs[:, 0], pairs[:, 0])
        pairs, ways = pairs[rank == _NEIGHBOUR - 1], ways[rank == _NEIGHBOUR - 1]
        turned, known = self._turned(pairs, ways), self._known[pairs[:, 1]]
        without = np.ones(len(rows) - len(pairs))
        moved = _crowded(likeness(turned, known, give_up=False), without)
        unmoved = _crowded(likeness_unmoved(turned, known), without)
        bounds = (_SMALLEST_DIFFERENCE, _LARGEST_DIFFERENCE)
        return (
            float(np.clip(_OF_SQUARED_USUAL_DIFFERENCE * moved**2, *bounds)),
            float(np.clip(_OF_USUAL_DIFFERENCE_UNMOVED * unmoved, *bounds)),
        )

    def _candidates(self, rows: np.ndarray, most: int) -> tuple[np.ndarray, np.ndarray]:
        own = rows if self._alone else None
        pairs, ways = self._index.candidates(self._asked[rows], most, own)
        return np.stack([rows[pairs[:, 0]], pairs[:, 1]], axis=1), ways

    def _turned(self, pairs: np.ndarray, ways: np.ndarray) -> np.ndarray:
        """Return the pictures asked about (k, 24, 24), each turned to be like the other."""
        turned = self._asked[pairs[:, 0]]
        for i, way in enumerate(TURNS):
            turned[ways == i] = turn_picture(turned[ways == i], way)
        return turned


def _crowded(likeness: np.ndarray, without: np.ndarray) -> float:
    """Return the difference to their fifth neighbours of the pictures that are crowded most."""
    differences = np.concatenate([1 - likeness, without])
    return float(np.quantile(differences, _CROWDED)) if len(differences) else 1.0

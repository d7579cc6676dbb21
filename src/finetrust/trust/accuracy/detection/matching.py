"""Which detections are right: COCO's greedy matching of detections with annotated objects.

Lin et al., "Microsoft COCO: Common Objects in Context", ECCV 2014; the rules are those of
``COCOeval.evaluateImg`` of pycocotools, all images, thresholds and ranges of area at once.
"""

from dataclasses import dataclass

import numpy as np

from finetrust.trust.accuracy.detection.found import Found

THRESHOLDS = np.linspace(0.5, 0.95, 10)
"""Intersections over union from which a detection may be right."""

AREAS = ((0.0, 1e10), (0.0, 32.0**2), (32.0**2, 96.0**2), (96.0**2, 1e10))
"""Ranges of the area in pixels: all, small, medium, large; both ends belong to them."""

MOST = 100
"""So many detections an image and class are judged, the surest."""

_PAIRS_AT_ONCE = 1 << 20


@dataclass(frozen=True)
class Matches:
    """What matching found; detections (d,) stand by image, class and falling score.

    Parameters
    ----------
    n_images : int
    image, label : int64 arrays (d,)
    score : float64 array (d,)
    rank : int64 array (d,)
        Place among those of the same image and class, from 0.
    right, ignored : bool arrays (d, thresholds, areas)
        Matched with an object that counts; neither right nor wrong. What is neither is wrong.
    source : int64 array (d,)
        Position of each in `Found`.
    true_image, true_label : int64 arrays (g,)
        Of each annotated object.
    counted : bool array (g, areas)
        Whether it is there to be found: in the range of area, and no crowd.
    """

    n_images: int
    image: np.ndarray
    label: np.ndarray
    score: np.ndarray
    rank: np.ndarray
    right: np.ndarray
    ignored: np.ndarray
    source: np.ndarray
    true_image: np.ndarray
    true_label: np.ndarray
    counted: np.ndarray

    @property
    def classes(self) -> np.ndarray:
        """The classes of which there is an object or a detection: int64 array, sorted."""
        return np.unique(np.concatenate([self.label, self.true_label]))


def match(found: Found) -> Matches:
    """Match detections with objects of their image and class.

    In the order of their scores, ties as they come, each detection takes the object with which it
    has the largest intersection over union, if that reaches the threshold, among those that are not
    yet taken; one that counts goes before one that is ignored. Crowds are never taken up, and the
    intersection with them is divided by the area of the detection. A detection without an object is
    ignored if its own area is out of range.
    """
    k = 1 + max(found.label.max(initial=0), found.true_label.max(initial=0))
    group = found.image * k + found.label
    order = np.lexsort((-found.score, group))
    rank = _places(group[order])
    source, rank = order[rank < MOST], rank[rank < MOST]
    group, boxes = group[source], found.boxes[source]

    true_group = found.true_image * k + found.true_label
    by_group = np.argsort(true_group, kind="stable")
    low, high = np.array(AREAS).T
    area = found.true_area[:, None]
    counted = (area >= low) & (area <= high) & ~found.true_crowd[:, None]

    detection, place, overlap = _candidates(group, boxes, true_group[by_group], found, by_group)
    matched, to_ignored = _assign(group, detection, by_group[place], overlap, counted, found)
    sides = boxes[:, 2:] - boxes[:, :2]
    own = (sides[:, 0] * sides[:, 1])[:, None]
    outside = ((own < low) | (own > high))[:, None, :]
    return Matches(
        found.n_images,
        found.image[source],
        found.label[source],
        found.score[source],
        rank,
        matched & ~to_ignored,
        to_ignored | (~matched & outside),
        source,
        found.true_image,
        found.true_label,
        counted,
    )


def _places(group: np.ndarray) -> np.ndarray:
    """Return the place of each entry among the equal ones it stands with: int64 array (d,)."""
    n = len(group)
    first = np.ones(n, bool)
    first[1:] = group[1:] != group[:-1]
    return np.arange(n) - np.maximum.accumulate(np.where(first, np.arange(n), 0))


def _candidates(
    group: np.ndarray,
    boxes: np.ndarray,
    true_group: np.ndarray,
    found: Found,
    by_group: np.ndarray,
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return the pairs that may match: detection, place in `by_group`, and their overlap, (p,)."""
    begin = np.searchsorted(true_group, group, side="left")
    count = np.searchsorted(true_group, group, side="right") - begin
    true_boxes, crowd = found.true_boxes[by_group], found.true_crowd[by_group]
    parts = []
    ends = np.cumsum(count)
    for chunk in np.split(np.arange(len(group)), _cuts(ends)):
        detection = np.repeat(chunk, count[chunk])
        within = np.arange(len(detection)) - np.repeat(
            np.cumsum(count[chunk]) - count[chunk], count[chunk]
        )
        place = begin[detection] + within
        overlap = _overlap(boxes[detection], true_boxes[place], crowd[place])
        near = overlap >= THRESHOLDS[0]
        parts.append((detection[near], place[near], overlap[near]))
    detection, place, overlap = (np.concatenate(column) for column in zip(*parts, strict=True))
    return detection, place, overlap


def _cuts(ends: np.ndarray) -> np.ndarray:
    """Return where to cut the detections so that no part has many more pairs than fit at once."""
    pairs = int(ends[-1]) if len(ends) else 0
    return np.searchsorted(ends, np.arange(_PAIRS_AT_ONCE, pairs, _PAIRS_AT_ONCE))


def _overlap(boxes: np.ndarray, objects: np.ndarray, crowd: np.ndarray) -> np.ndarray:
    """Return the intersection over union of each pair, over the detection's area with crowds."""
    corner = np.maximum(boxes[:, :2], objects[:, :2])
    sides = np.minimum(boxes[:, 2:], objects[:, 2:]) - corner
    shared = np.where((sides > 0).all(axis=1), sides[:, 0] * sides[:, 1], 0.0)
    own, other = ((b[:, 2] - b[:, 0]) * (b[:, 3] - b[:, 1]) for b in (boxes, objects))
    whole = np.where(crowd, own, own + other - shared)
    return np.divide(shared, whole, out=np.zeros_like(shared), where=shared > 0)


def _assign(
    group: np.ndarray,
    detection: np.ndarray,
    target: np.ndarray,
    overlap: np.ndarray,
    counted: np.ndarray,
    found: Found,
) -> tuple[np.ndarray, np.ndarray]:
    """Return whether each detection is matched, and with what is ignored: (d, thresholds, areas).

    The first detection of every image and class that has candidates is assigned, all of these at
    once, then the second ones, and so on.
    """
    shape = (len(group), len(THRESHOLDS), len(AREAS))
    matched, to_ignored = np.zeros(shape, bool), np.zeros(shape, bool)
    taken = np.zeros((len(found.true_image), *shape[1:]), bool)
    having, nth = np.unique(detection, return_inverse=True)
    turn = _places(group[having])[nth] if len(having) else nth
    order = np.argsort(turn, kind="stable")
    for pairs in np.split(order, np.flatnonzero(np.diff(turn[order])) + 1):
        if not len(pairs):
            continue
        goal = target[pairs]
        best = _best(detection[pairs], overlap[pairs], taken[goal], counted[goal],
                     found.true_crowd[goal])  # fmt: skip
        which, threshold, area = np.nonzero(best >= 0)
        pair = best[which, threshold, area]
        row = detection[pairs][pair]
        matched[row, threshold, area] = True
        to_ignored[row, threshold, area] = ~counted[goal[pair], area]
        taken[goal[pair], threshold, area] = True
    return matched, to_ignored


def _best(
    detection: np.ndarray,
    overlap: np.ndarray,
    taken: np.ndarray,
    counted: np.ndarray,
    crowd: np.ndarray,
) -> np.ndarray:
    """Return the pair that each detection takes: int array (detections, thresholds, areas), or -1.

    Of equal overlaps the last one is taken.
    """
    starts = np.flatnonzero(np.diff(detection, prepend=-1))
    of = np.cumsum(np.diff(detection, prepend=-1) != 0) - 1
    reached = overlap[:, None] >= THRESHOLDS
    free = reached[:, :, None] & (~taken | crowd[:, None, None])
    values = overlap[:, None, None]
    position = np.arange(len(detection))[:, None, None]
    best = np.full((len(starts), *free.shape[1:]), -1)
    for allowed in (free & counted[:, None, :], free & ~counted[:, None, :]):
        largest = np.maximum.reduceat(np.where(allowed, values, -1.0), starts, axis=0)
        chosen = np.where(allowed & (values == largest[of]), position, -1)
        last = np.maximum.reduceat(chosen, starts, axis=0)
        best = np.where(best >= 0, best, last)
    return best

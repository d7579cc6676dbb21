"""Average precision and average recall of COCO, of all images or of any resample of them.

Lin et al., "Microsoft COCO: Common Objects in Context", ECCV 2014; the arithmetic is that of
``COCOeval.accumulate`` and ``summarize`` of pycocotools.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from finetrust.trust.accuracy.detection.found import Found
from finetrust.trust.accuracy.detection.matching import AREAS, MOST, THRESHOLDS, Matches, match

RECALLS = np.linspace(0, 1, 101)
"""Recalls at which precision is read off."""

PRECISIONS = {
    "ap": (slice(None), 0),
    "ap50": (slice(0, 1), 0),
    "ap75": (slice(5, 6), 0),
    "ap_small": (slice(None), 1),
    "ap_medium": (slice(None), 2),
    "ap_large": (slice(None), 3),
}
"""Thresholds and range of area of each average precision."""

RECALLED = {
    "ar_1": (0, 1),
    "ar_10": (0, 10),
    "ar_100": (0, MOST),
    "ar_small": (1, MOST),
    "ar_medium": (2, MOST),
    "ar_large": (3, MOST),
}
"""Range of area of each average recall, and how many detections an image and class it allows."""

_CELLS_AT_ONCE = 1 << 18


@dataclass(frozen=True)
class CocoFigures:
    """COCO's figures for r weightings of the images.

    Parameters
    ----------
    values : mapping of str to float64 array (r,)
        By the names of `PRECISIONS` and `RECALLED`; NaN where there is nothing to be found.
    by_class : float64 array (r, classes, thresholds)
        What :func:`average_precisions` says of all areas.
    """

    values: Mapping[str, np.ndarray]
    by_class: np.ndarray


def coco_summary(*columns: Sequence[np.ndarray]) -> dict[str, float]:
    """Return COCO's twelve figures.

    Parameters
    ----------
    *columns : sequences of arrays, one an image
        Those that :meth:`Found.of_columns` takes.

    Returns
    -------
    dict of str to float
        By the names of `PRECISIONS` and `RECALLED`; NaN where there is nothing to be found.
    """
    matches = match(Found.of_columns(*columns))
    figures = coco_figures(matches, np.ones((1, matches.n_images)))
    return {name: float(values[0]) for name, values in figures.values.items()}


def coco_figures(matches: Matches, weights: np.ndarray) -> "CocoFigures":
    """Return COCO's figures for each weighting of the images.

    Parameters
    ----------
    matches : Matches
    weights : array of whole numbers (r, n)
        How often each image is there; 1 everywhere for the figures of the data themselves.
    """
    values: dict[str, np.ndarray] = {}
    by_area = [average_precisions(matches, weights, area) for area in range(len(AREAS))]
    for name, (thresholds, area) in PRECISIONS.items():
        values[name] = over_classes(by_area[area][:, :, thresholds].mean(axis=2))
    for name, (area, most) in RECALLED.items():
        values[name] = over_classes(average_recalls(matches, weights, area, most))
    return CocoFigures(values, by_area[0])


def average_precisions(matches: Matches, weights: np.ndarray, area: int = 0) -> np.ndarray:
    """Return the average precision of each class at each threshold.

    The mean of the precisions at 101 recalls, each the largest at that recall or a higher one.

    Parameters
    ----------
    matches : Matches
    weights : array of whole numbers (r, n)
    area : int
        Index into `AREAS`.

    Returns
    -------
    float64 array (r, classes, thresholds)
        In the order of ``matches.classes``; NaN where there is no object of the class.
    """
    n, r = matches.n_images, len(weights)
    counts = np.asarray(weights, np.int32)
    judged = ~matches.ignored[:, :, area].all(axis=1)
    result = np.full((r, len(matches.classes), len(THRESHOLDS)), np.nan)
    for i, label in enumerate(matches.classes):
        mine = matches.counted[:, area] & (matches.true_label == label)
        if not mine.any():
            continue
        objects = counts @ np.bincount(matches.true_image[mine], minlength=n).astype(np.int32)
        rows = np.flatnonzero((matches.label == label) & judged)
        rows = rows[np.argsort(-matches.score[rows], kind="stable")]
        right, ignored = matches.right[rows, :, area], matches.ignored[rows, :, area]
        ends = np.flatnonzero(right.any(axis=1))
        end = (
            ends[-1] + 1 if len(ends) else 0
        )  # What comes after the last right one is of no effect.
        image = matches.image[rows[:end]]
        step = max(1, _CELLS_AT_ONCE // max(end, 1))
        for start in range(0, r, step):
            part = slice(start, start + step)
            drawn = counts[part][:, image]
            result[part, i] = _of_class(drawn, right[:end], ignored[:end], objects[part])
    return result


def average_recalls(
    matches: Matches, weights: np.ndarray, area: int = 0, most: int = MOST
) -> np.ndarray:
    """Return the recall of each class, averaged over the thresholds.

    Parameters
    ----------
    matches : Matches
    weights : array of whole numbers (r, n)
    area : int
    most : int
        Detections an image and class that are allowed, the surest.

    Returns
    -------
    float64 array (r, classes)
        NaN where there is no object of the class.
    """
    n, classes = matches.n_images, matches.classes
    right = matches.right[:, :, area].mean(axis=1) * (matches.rank < most)
    hits = _by_image(matches.image, matches.label, right, classes, n)
    counted = matches.counted[:, area].astype(float)
    objects = weights @ _by_image(matches.true_image, matches.true_label, counted, classes, n)
    found = weights @ hits
    return np.divide(found, objects, out=np.full_like(found, np.nan), where=objects > 0)


def over_classes(values: np.ndarray) -> np.ndarray:
    """Return the mean over the classes of which there are objects: (r,) of (r, classes), or NaN."""
    there = np.isfinite(values)
    sums = np.where(there, values, 0).sum(axis=1)
    count = there.sum(axis=1)
    return np.divide(sums, count, out=np.full(len(values), np.nan), where=count > 0)


def _of_class(
    drawn: np.ndarray, right: np.ndarray, ignored: np.ndarray, objects: np.ndarray
) -> np.ndarray:
    """Return the average precision of one class: float64 array (r, thresholds).

    Parameters
    ----------
    drawn : int32 array (r, d)
        How often each detection is there, by falling score.
    right, ignored : bool arrays (d, thresholds)
    objects : int array (r,)
        How many there are to be found.
    """
    precisions = np.zeros((len(drawn), right.shape[1]))
    table, row = _recalls_reached(objects)
    for thresholds, judged in _alike(~ignored):
        told = np.cumsum(drawn if judged.all() else drawn * judged, axis=1, dtype=np.int32)
        for t in thresholds:
            hit = np.flatnonzero(right[:, t])
            if not len(hit):
                continue
            hits = np.cumsum(np.take(drawn, hit, axis=1), axis=1, dtype=np.int32)
            # Precision is largest where a detection is right, so that the others need not be asked.
            precision = hits / (np.take(told, hit, axis=1) + np.spacing(1))
            highest = np.maximum.accumulate(precision[:, ::-1], axis=1)[:, ::-1]
            reached = np.take(table, hits + row[:, None])
            precisions[:, t] = reached[:, 0] * highest[:, 0]
            precisions[:, t] += np.einsum("rj,rj->r", np.diff(reached, axis=1), highest[:, 1:])
    precisions[objects <= 0] = np.nan
    return precisions / len(RECALLS)


def _recalls_reached(objects: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return how many of the `RECALLS` so many hits reach, for each of the numbers of objects.

    Returns
    -------
    table : float32 array
    row : int array (r,)
        Where the hits of each number are counted from in the table.
    """
    numbers, which = np.unique(objects, return_inverse=True)
    parts = [
        np.searchsorted(RECALLS, np.arange(number + 1) / max(number, 1), side="right")
        for number in numbers
    ]
    starts = np.cumsum([0, *map(len, parts)])[:-1]
    return np.concatenate(parts).astype(np.float32), starts[which].astype(np.int32)


def _alike(judged: np.ndarray) -> Iterator[tuple[list[int], np.ndarray]]:
    """Yield the thresholds at which the same detections are judged, and those: bool array (d,)."""
    alike: dict[bytes, list[int]] = {}
    for t in range(judged.shape[1]):
        alike.setdefault(judged[:, t].tobytes(), []).append(t)
    for thresholds in alike.values():
        yield thresholds, judged[:, thresholds[0]]


def _by_image(
    image: np.ndarray, label: np.ndarray, values: np.ndarray, classes: np.ndarray, n: int
) -> np.ndarray:
    """Return the sums of values by image and class: float64 array (n, classes)."""
    k = len(classes)
    cells = image * k + np.searchsorted(classes, label)
    return np.bincount(cells, weights=values, minlength=n * k).reshape(n, k)

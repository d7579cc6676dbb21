"""Which boxes are worth showing: confident false alarms, missed objects, and right ones drawn at random."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from finetrust.core.predictions import Predictions

LEAST_OVERLAP = 0.5
"""Intersection over union from which a box counts as found."""

LEAST_SCORE = 0.3
"""Score below which a detection is nobody's alarm and finds nothing."""

FALSE_ALARM, MISSED, CORRECT = "confident error", "missed object", "random correct"


@dataclass(frozen=True)
class BoxCase:
    """One box of one image.

    Parameters
    ----------
    row : int
        Of the table of predictions.
    kind : str
    box : float array (4,)
        x1, y1, x2, y2 in pixels of the image: the detection, or the object that was missed.
    label : int
        Class of the detection, or of the object that was missed.
    score : float
        Of the detection; 0 for an object that was missed.
    truth : int or None
        Class of the object that the box overlaps most, with an intersection over union of at least
        0.5; None if it overlaps none.
    annotated : float array (4,) or None
        The box of the object that the detection found, or that was missed; None for a false alarm.
    """

    row: int
    kind: str
    box: np.ndarray
    label: int
    score: float
    truth: int | None
    annotated: np.ndarray | None = None


def box_cases(predictions: Predictions, count: int, seed: int) -> list[BoxCase]:
    """Return the most confident false alarms, the largest missed objects, and random right boxes.

    Parameters
    ----------
    predictions : Predictions
        With the columns that :func:`finetrust.tasks.detection_answers.box_predictions` makes.
    count : int
        How many of each kind at most.
    seed : int
    """
    of_images = [image_cases(predictions, row) for row in range(len(predictions))]
    cases = [case for of_image in of_images for case in of_image]
    alarms = sorted((c for c in cases if c.kind == FALSE_ALARM), key=lambda case: -case.score)
    missed = sorted((c for c in cases if c.kind == MISSED), key=lambda case: -_area(case.box))
    right = [case for case in cases if case.kind == CORRECT]
    drawn = np.random.default_rng(seed).permutation(len(right))[:count]
    return [*alarms[:count], *missed[:count], *(right[i] for i in sorted(drawn))]


def overlaps(boxes: np.ndarray, others: np.ndarray) -> np.ndarray:
    """Return the intersection over union of boxes (m, 4) and (k, 4): float64 array (m, k)."""
    one, two = (np.asarray(part, np.float64).reshape(-1, 4) for part in (boxes, others))
    shared = _shared(one, two)
    union = _areas(one)[:, None] + _areas(two)[None] - shared
    return np.divide(shared, union, out=np.zeros_like(shared), where=union > 0)


def image_cases(predictions: Predictions, row: int) -> list[BoxCase]:
    """Return every case of one image, matched greedily from the highest score down."""
    order = np.argsort(-predictions["pred_scores"][row], kind="stable")
    scores = predictions["pred_scores"][row][order]
    order, scores = order[scores >= LEAST_SCORE], scores[scores >= LEAST_SCORE]
    boxes, labels = predictions["pred_boxes"][row][order], predictions["pred_labels"][row][order]
    truths, classes = predictions["true_boxes"][row], predictions["true_labels"][row]
    crowd = predictions["true_crowd"][row].astype(bool)
    shared = overlaps(boxes, truths)
    free, cases = ~crowd, []
    for i, (box, label, score) in enumerate(zip(boxes, labels, scores, strict=True)):
        open_to_it = np.where(free & (classes == label), shared[i], 0.0)
        best = int(open_to_it.argmax()) if len(open_to_it) else 0
        nearest = _nearest(shared[i], classes, ~crowd)
        if len(open_to_it) and open_to_it[best] >= LEAST_OVERLAP:
            free[best] = False
            found = truths[best]
            cases.append(BoxCase(row, CORRECT, box, int(label), float(score), int(label), found))
        elif not _in_crowd(box, truths[crowd]):
            cases.append(BoxCase(row, FALSE_ALARM, box, int(label), float(score), nearest))
    for i in np.flatnonzero(free).tolist():
        label = int(classes[i])
        cases.append(BoxCase(row, MISSED, truths[i], label, 0.0, label, truths[i]))
    return cases


def _nearest(shared: np.ndarray, classes: np.ndarray, usable: np.ndarray) -> int | None:
    of_objects = np.where(usable, shared, 0.0)
    if not len(of_objects) or of_objects.max() < LEAST_OVERLAP:
        return None
    return int(classes[of_objects.argmax()])


def _in_crowd(box: np.ndarray, crowds: np.ndarray) -> bool:
    """Whether half of the box or more lies in a region that must not be judged (as COCO has it)."""
    if not len(crowds):
        return False
    inside = _shared(box[None].astype(np.float64), crowds.astype(np.float64))[0]
    return bool((inside >= LEAST_OVERLAP * max(_area(box), 1e-9)).any())


def _shared(one: np.ndarray, two: np.ndarray) -> np.ndarray:
    low = np.maximum(one[:, None, :2], two[None, :, :2])
    high = np.minimum(one[:, None, 2:], two[None, :, 2:])
    return (high - low).clip(0).prod(2)


def _areas(boxes: np.ndarray) -> np.ndarray:
    return (boxes[:, 2:] - boxes[:, :2]).clip(0).prod(1)


def _area(box: Sequence[float] | np.ndarray) -> float:
    return float(_areas(np.asarray(box, np.float64)[None])[0])

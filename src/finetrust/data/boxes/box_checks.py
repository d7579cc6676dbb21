"""Checks of boxes against the images they lie in, and what splits and reports count of them."""

from collections.abc import Iterator, Sequence
from dataclasses import replace

import numpy as np

from finetrust.data.boxes.boxes import Boxes, box_areas
from finetrust.data.dataset import Dataset
from finetrust.data.findings import Findings, Told
from finetrust.data.input_kind import Size

ROUNDING = 1.0
"""By so many pixels a box may reach over the border without a word: tools round differently."""


def examine_boxes(dataset: Dataset, sizes: Sequence[Size]) -> tuple[Dataset, Findings]:
    """Return `dataset` with boxes in pixels that lie inside their images, and what was mended.

    Boxes that reach over the border are cut there, those that are empty, inverted or wholly outside
    are dropped, and all of it is told by number; cuts of one pixel or less are not. Boxes that were
    annotated at another size than that of the upright image, and equal boxes of one class, are told
    and left as they are.

    Parameters
    ----------
    dataset : Dataset
        Its targets are :class:`~finetrust.data.boxes.Boxes`.
    sizes : sequence of (width, height)
        Of the upright images.
    """
    targets = np.empty(len(dataset), object)
    left_out: dict[int, str] = {}
    mended: list[Told] = []
    for row, (found, size) in enumerate(zip(dataset.targets, sizes, strict=True)):
        width, height = size
        if found.unusable:
            left_out[row] = found.unusable
            targets[row] = found
            continue
        targets[row], told = _inside(found, (width, height), dataset.classes)
        mended += [(dataset.ids[row], problem) for problem in (*found.problems, *told)]
    return replace(dataset, targets=targets), Findings(left_out, mended)


def box_counts(dataset: Dataset) -> np.ndarray:
    """Return how many boxes each class has, crowds aside: int64 array (classes,)."""
    counts = np.zeros(len(dataset.classes), np.int64)
    for found in dataset.targets:
        counts += np.bincount(found.labels[~found.crowd], minlength=len(counts))
    return counts


def rarest_classes(dataset: Dataset) -> np.ndarray:
    """Return the class of each image that the fewest images show: int64 array (n,).

    An image that shows none has the number after the last class.
    """
    k = len(dataset.classes)
    shown = np.zeros((len(dataset), k), bool)
    for row, found in enumerate(dataset.targets):
        shown[row, found.labels] = True
    images = np.where(shown, shown.sum(axis=0), len(dataset) + 1)
    return np.where(shown.any(axis=1), images.argmin(axis=1) if k else 0, k)


def _inside(found: Boxes, size: tuple[int, int], classes: Sequence[str]) -> tuple[Boxes, list[str]]:
    told = list(_size_told(found, size))
    boxes = found.boxes.astype(np.float64)
    area = found.area.astype(np.float64)
    if found.relative:
        boxes *= np.tile(size, 2)
        area *= size[0] * size[1]
    cut = np.clip(np.nan_to_num(boxes, nan=0.0), 0, np.tile(size, 2)).astype(np.float32)
    kept = box_areas(cut) > 0
    beyond = np.abs(boxes - cut).max(axis=1, initial=0)
    for i in np.flatnonzero(~kept | (beyond > ROUNDING + 1e-3)):
        name = f"{found.noun} {found.numbers[i]} ('{classes[found.labels[i]]}')"
        told.append(f"{name} {_what(boxes[i], bool(kept[i]), float(beyond[i]))}")
    inside = replace(
        found,
        boxes=cut,
        area=np.minimum(area, box_areas(cut)).astype(np.float32),
        size=size,
        relative=False,
        problems=(),
    ).take(kept)
    return inside, [*told, *_repeated(inside, classes)]


def _what(box: np.ndarray, kept: bool, beyond: float) -> str:
    corners = ", ".join(f"{value:g}" for value in np.round(box, 1))
    if kept:
        return f"reaches {beyond:.1f} pixels over the border and was cut there"
    if not np.isfinite(box).all():
        return f"has corners that are no numbers ({corners}) and was dropped"
    if box[2] <= box[0] or box[3] <= box[1]:
        return f"is empty or inverted ({corners}) and was dropped"
    return f"lies outside the image ({corners}) and was dropped"


def _size_told(found: Boxes, size: tuple[int, int]) -> Iterator[str]:
    if found.size is None or found.size == size:
        return
    annotated, actual = (f"{width} x {height}" for width, height in (found.size, size))
    turned = found.size == size[::-1]
    yield (
        f"annotated at {annotated} pixels, but the upright image has {actual}: the boxes "
        f"{'may be meant for the image before it was turned' if turned else 'may be misplaced'}, "
        "and are used as they are"
    )


def _repeated(found: Boxes, classes: Sequence[str]) -> Iterator[str]:
    rows = np.column_stack([found.labels, found.boxes])
    if len(rows) < 2:
        return
    _, first, inverse = np.unique(rows, axis=0, return_index=True, return_inverse=True)
    for i in np.flatnonzero(first[inverse.ravel()] != np.arange(len(rows))):
        earlier = found.numbers[first[inverse.ravel()[i]]]
        yield (
            f"{found.noun} {found.numbers[i]} ('{classes[found.labels[i]]}') is the same box as "
            f"{found.noun} {earlier}, and is used as it is"
        )

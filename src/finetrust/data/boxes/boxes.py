"""Boxes of object detection: what is where in one image, and what must not be judged."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np


@dataclass(frozen=True, eq=False)
class Boxes:
    """The annotated objects of one image; there may be none.

    Parameters
    ----------
    boxes : float32 array (m, 4)
        x1, y1, x2, y2 in pixels of the upright image, whose first pixel covers [0, 1).
    labels : int64 array (m,)
        Into the classes of the data set.
    crowd : bool array (m,)
        Regions of several objects, or too hard to judge (COCO's ``iscrowd``, VOC's ``difficult``):
        not trained on; what is detected in them is neither right nor wrong.
    area : float32 array (m,)
        COCO's area of the object's outline where it is known, otherwise of the box.
    size : tuple of int (2,) or None
        Width and height of the image; until the checks have seen it, as annotated, or None.
    relative : bool
        Whether the boxes and areas are still shares of width and height, as YOLO writes them;
        never after the checks.
    numbers : int64 array (m,)
        Number of each box in its file, from 1: an annotation's id, a line; for messages.
    noun : str
        What has that number: ``"annotation"``, ``"object"``, ``"line"``.
    problems : tuple of str
        What was wrong with the annotation of this image and was left out by the format.
    unusable : str
        Why this image cannot be used; empty if it can.
    """

    boxes: np.ndarray
    labels: np.ndarray
    crowd: np.ndarray
    area: np.ndarray
    size: tuple[int, int] | None
    relative: bool
    numbers: np.ndarray
    noun: str = "box"
    problems: tuple[str, ...] = ()
    unusable: str = ""

    @classmethod
    def of(
        cls,
        boxes: Sequence[Sequence[float]] | np.ndarray = (),
        labels: Sequence[int] | np.ndarray = (),
        crowd: Sequence[bool] | np.ndarray | None = None,
        area: Sequence[float] | np.ndarray | None = None,
        size: tuple[int, int] | None = None,
        *,
        relative: bool = False,
        numbers: Sequence[int] | np.ndarray | None = None,
        noun: str = "box",
        problems: Sequence[str] = (),
        unusable: str = "",
    ) -> "Boxes":
        """Return boxes of any numbers: none is a crowd, and the area is the box's unless given."""
        corners = np.asarray(boxes, np.float32).reshape(-1, 4)
        m = len(corners)
        return cls(
            corners,
            np.asarray(labels, np.int64).reshape(m),
            np.zeros(m, bool) if crowd is None else np.asarray(crowd, bool).reshape(m),
            box_areas(corners) if area is None else np.asarray(area, np.float32).reshape(m),
            size,
            relative,
            np.arange(1, m + 1) if numbers is None else np.asarray(numbers, np.int64).reshape(m),
            noun,
            tuple(problems),
            unusable,
        )

    def __len__(self) -> int:
        return len(self.boxes)

    def take(self, rows: np.ndarray) -> "Boxes":
        """Return the boxes at `rows` (indices, or which ones), in that order."""
        return replace(
            self,
            boxes=self.boxes[rows],
            labels=self.labels[rows],
            crowd=self.crowd[rows],
            area=self.area[rows],
            numbers=self.numbers[rows],
        )

    def relabelled(self, positions: Sequence[int] | np.ndarray) -> "Boxes":
        """Return the boxes with label ``positions[k]`` in place of k."""
        return replace(self, labels=np.asarray(positions, np.int64)[self.labels])

    @property
    def digest(self) -> str:
        """SHA-256 of boxes, labels and crowds, whatever their order."""
        rows = np.column_stack([self.labels, self.crowd, self.boxes]).astype("<f4")
        ordered = rows[np.lexsort(rows.T[::-1])]
        return hashlib.sha256(np.ascontiguousarray(ordered).tobytes()).hexdigest()


def box_areas(boxes: np.ndarray) -> np.ndarray:
    """Return the areas of boxes: float32 array (m,) of boxes (m, 4); 0 where one is inverted."""
    sides = np.clip(boxes[:, 2:] - boxes[:, :2], 0, None)
    return (sides[:, 0] * sides[:, 1]).astype(np.float32)

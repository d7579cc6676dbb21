"""Objects as boxes: of a table, or of a file of COCO."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from finetrust.core.errors import UserError
from finetrust.core.nearest import did_you_mean
from finetrust.data.formats.coco_file import read_coco
from finetrust.data.formats.tables import Table, read_table
from finetrust.data.input_kind import Size

IMAGE, CORNERS = "image", ("x1", "y1", "x2", "y2")
_FORM = "Give the columns image, x1, y1, x2, y2: a row for each box, in pixels of the image."


@dataclass(frozen=True)
class BoxMarks:
    """Boxes by the names of their images.

    Parameters
    ----------
    boxes : mapping of str to float64 array (k, 4)
        x1, y1, x2, y2 in pixels of the upright image; k >= 1.
    sizes : mapping of str to (int, int)
        Width and height of images, where the source tells them.
    """

    boxes: Mapping[str, np.ndarray]
    sizes: Mapping[str, Size]

    @classmethod
    def of_table(cls, file: Path) -> "BoxMarks":
        """Return the boxes of a CSV, TSV, Parquet or JSON lines table.

        Raises
        ------
        UserError
            If a column is missing, or a row holds no box.
        """

        def choose(header: Sequence[str]) -> list[str]:
            for column in (IMAGE, *CORNERS):
                if column not in header:
                    near = did_you_mean(column, header)
                    raise UserError(
                        f"object masks: {file} has no column '{column}'", f"{near} {_FORM}".strip()
                    )
            return [IMAGE, *CORNERS]

        table = read_table(file, choose)
        if not table.rows:
            raise UserError(f"object masks: there are no rows in {file}", _FORM)
        corners = _corners(table)
        found: dict[str, list[np.ndarray]] = {}
        for name, box in zip(table.filled(IMAGE), corners, strict=True):
            found.setdefault(name, []).append(box)
        return cls({name: np.array(boxes) for name, boxes in found.items()}, {})

    @classmethod
    def of_coco(cls, file: Path) -> "BoxMarks":
        """Return the boxes of a file of annotations in COCO's JSON, whatever their categories.

        Raises
        ------
        UserError
            If it is not in that form, or holds no box.
        """
        found = {name: of for name, of in read_coco(file).images.items() if len(of)}
        if not found:
            raise UserError(f"object masks: no image of {file} has a box", "Annotate some objects.")
        boxes = {name: of.boxes.astype(np.float64) for name, of in found.items()}
        return cls(boxes, {name: of.size for name, of in found.items() if of.size is not None})

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(self.boxes)

    def size(self, name: str) -> Size | None:
        return self.sizes.get(name)

    def read(self, name: str, size: Size) -> np.ndarray:
        return pixels_of_boxes(self.boxes[name], size)

    def content(self, name: str) -> bytes:
        return np.ascontiguousarray(self.boxes[name], "<f8").tobytes()


def pixels_of_boxes(boxes: np.ndarray, size: Size) -> np.ndarray:
    """Return the pixels whose centres lie in at least one box.

    Parameters
    ----------
    boxes : float array (k, 4)
        x1, y1, x2, y2 in pixels.
    size : (int, int)
        Width and height.

    Returns
    -------
    bool array (height, width)
    """
    x, y = np.arange(size[0]) + 0.5, np.arange(size[1])[:, None] + 0.5
    inside = np.zeros((size[1], size[0]), bool)
    for x1, y1, x2, y2 in boxes:
        inside |= (y > y1) & (y < y2) & (x > x1) & (x < x2)
    return inside


def _corners(table: Table) -> np.ndarray:
    """Return the corners of every row: float64 array (n, 4)."""
    corners: np.ndarray = np.empty((len(table.rows), 4))
    for column, name in enumerate(CORNERS):
        for place, text in enumerate(table.text(name)):
            try:
                corners[place, column] = float(text)
            except ValueError:
                corners[place, column] = np.nan
    _refuse(table, ~np.isfinite(corners.sum(axis=1)), "four numbers were expected")
    sides = corners[:, 2:] - corners[:, :2]
    _refuse(table, sides.min(axis=1) <= 0, "the box is empty: x2 must be above x1, and y2 above y1")
    if corners.max() <= 1:
        raise UserError(
            f"object masks: the boxes in {table.name} are shares of the image, pixels are expected",
            "Multiply x by the width and y by the height of the image.",
        )
    return corners


def _refuse(table: Table, wrong: np.ndarray, found: str) -> None:
    if wrong.any():
        row = int(wrong.argmax())
        values = ", ".join(f"{name} = {table.columns[name][row]}" for name in CORNERS)
        raise UserError(
            f"object masks: {table.name}, row {table.rows[row]}: {found}, found {values}",
            "Mend the row or delete it.",
        )

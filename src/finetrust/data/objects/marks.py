"""Marks of objects as a source gives them: a folder of masks, a table of boxes, or COCO's JSON."""

from pathlib import Path
from typing import Protocol

import numpy as np

from finetrust.core.errors import UserError
from finetrust.data.formats.coco_file import looks_like_coco
from finetrust.data.formats.tables import is_table
from finetrust.data.input_kind import Size
from finetrust.data.objects.box_marks import BoxMarks
from finetrust.data.objects.mask_marks import MaskMarks


class Marks(Protocol):
    """Objects by the names of their images."""

    @property
    def names(self) -> tuple[str, ...]:
        """What the source calls the images that it marks, with or without their suffix."""
        ...

    def size(self, name: str) -> Size | None:
        """Return width and height of the image as the source has it; None where it says nothing.

        Raises
        ------
        UserError
            If a mask cannot be read.
        """
        ...

    def read(self, name: str, size: Size) -> np.ndarray:
        """Return which pixels belong to an object: bool array (height, width).

        Parameters
        ----------
        name : str
            One of `names`.
        size : (int, int)
            Width and height of the upright image.
        """
        ...

    def content(self, name: str) -> bytes:
        """Return what the marks of one image depend on."""
        ...


def read_marks(source: str) -> Marks:
    """Return the marks that a user names.

    Parameters
    ----------
    source : str
        A folder of masks named like the images (what is not black, or in a palette not its first
        colour, is object); a table with the columns image, x1, y1, x2, y2, one row a box, in pixels of
        the upright image; or boxes as COCO's JSON.

    Raises
    ------
    UserError
        If it is none of these, or a row of it cannot be used.
    """
    path = Path(source).expanduser()
    if path.is_dir():
        return MaskMarks.of_folder(path)
    if is_table(path):
        return BoxMarks.of_table(path)
    if looks_like_coco(path):
        return BoxMarks.of_coco(path)
    found = "is no folder, table or COCO file" if path.exists() else "does not exist"
    raise UserError(
        f"object masks: {source} {found}",
        "Give a folder of masks named like the images, a .csv, .tsv, .parquet or .jsonl table with the "
        "columns image, x1, y1, x2, y2, or boxes as COCO's JSON.",
    )

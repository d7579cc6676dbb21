"""Where the objects in the images of a data set are."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from PIL import Image

from finetrust.core.errors import UserError
from finetrust.core.progress import say
from finetrust.data.dataset import Dataset
from finetrust.data.input_kind import Size
from finetrust.data.objects.marks import Marks, read_marks
from finetrust.data.objects.names import match_names

_ORIENTATION, _ON_ITS_SIDE = 0x0112, (5, 6, 7, 8)


@dataclass(frozen=True, eq=False)
class Objects:
    """The objects of a data set.

    Parameters
    ----------
    dataset : Dataset
        Of images.
    marks : Marks
    names : tuple of (str or None) (n,)
        What the marks call each item; None where they say nothing of it.
    """

    dataset: Dataset
    marks: Marks
    names: tuple[str | None, ...]

    @property
    def marked(self) -> np.ndarray:
        """The rows of the items of which it is known where the objects are: sorted int64 (m,)."""
        rows = [row for row, name in enumerate(self.names) if name is not None]
        return np.array(rows, dtype=np.int64)

    def read(self, row: int) -> np.ndarray:
        """Return which pixels of the upright image are object: bool array (h, w).

        False everywhere where nothing is known of the item.

        Raises
        ------
        UserError
            If the mask cannot be read, or is not as large as the image.
        """
        size, name = image_size(self.dataset, row), self.names[row]
        if name is None:
            return np.zeros((size[1], size[0]), bool)
        self._refuse_other_size(row, size)
        return self.marks.read(name, size)

    def check_sizes(self, rows: Sequence[int] | np.ndarray) -> None:
        """Raise UserError if a mask cannot be opened or is not as large as its image."""
        for row in map(int, rows):
            if self.names[row] is not None:
                self._refuse_other_size(row, image_size(self.dataset, row))

    def digest(self, rows: Sequence[int] | np.ndarray) -> str:
        """Return a mark of all that is known of the items at `rows`."""
        found = hashlib.sha256()
        for row in map(int, rows):
            name = self.names[row]
            content = b"" if name is None else self.marks.content(name)
            found.update(f"{self.dataset.ids[row]}\n{len(content)}\n".encode())
            found.update(content)
        return found.hexdigest()

    def _refuse_other_size(self, row: int, size: Size) -> None:
        name = self.names[row]
        assert name is not None
        marked = self.marks.size(name)
        if marked is not None and tuple(marked) != tuple(size):
            raise UserError(
                f"object masks: {name} has {marked[0]} x {marked[1]} pixels, its image "
                f"{self.dataset.ids[row]} {size[0]} x {size[1]}",
                "Give every mask the size of its image (upright, as cameras mean it).",
            )


def open_objects(source: str, dataset: Dataset) -> Objects:
    """Return where the objects of a data set are; what has no mask is counted and told.

    Parameters
    ----------
    source : str
        As :func:`finetrust.data.objects.marks.read_marks` takes it.
    dataset : Dataset

    Raises
    ------
    UserError
        If the source cannot be used, or means none of the images.
    """
    marks = read_marks(source)
    names = tuple(match_names(dataset.ids, marks.names, source))
    found = Objects(dataset, marks, names)
    n = len(found.marked)
    if not n and len(dataset):
        raise UserError(
            f"object masks: of the {len(marks.names)} names in {source} none is that of an image; "
            f"the first is {marks.names[0]}, the first image {dataset.ids[0]}",
            "Call the masks like the images, or give those of these images.",
        )
    if n < len(dataset):
        say(f"Object masks: {len(dataset) - n} of {len(dataset)} images have none in {source}.")
    return found


def image_size(dataset: Dataset, row: int) -> Size:
    """Return width and height of an image, upright; from the head of its file where it has one."""
    location = dataset.inputs.location(row)
    if location is None:
        return dataset.inputs[row].size
    with Image.open(location) as image:
        on_its_side = image.getexif().get(_ORIENTATION, 1) in _ON_ITS_SIDE
        return image.size[::-1] if on_its_side else image.size

"""A part of an image that can be taken from another image: a place, the background, a layer."""

from collections.abc import Callable, Mapping
from typing import Literal, Protocol

from torch import Tensor

Kind = Literal["border", "corner", "cell", "patch", "background", "colour", "detail"]
Box = tuple[int, int, int, int]

Fill = Callable[[Tensor, Tensor], Tensor]
"""From all images (n, 3, h, w) and the rows to change (m,) to the changed images (m, 3, h, w)."""


class Part(Protocol):
    """What is exchanged between images of different classes to see what a model reads in it.

    Attributes
    ----------
    kind : str
    name : str
        In plain words.
    area : bool tensor (h, w) or None
        The same pixels in every image; None where it is not a place.
    fillings : mapping of str to Fill
        Neutral contents that come from no other image.
    """

    @property
    def kind(self) -> Kind: ...
    @property
    def name(self) -> str: ...
    @property
    def area(self) -> Tensor | None: ...
    @property
    def fillings(self) -> Mapping[str, Fill]: ...

    def exchanged(self, images: Tensor, items: Tensor, donors: Tensor) -> Tensor:
        """Return the images of rows `items` with this part from the donors, or from their classes.

        Parameters
        ----------
        images : float tensor (n, 3, h, w)
        items, donors : int64 tensors (m,)

        Returns
        -------
        float tensor (m, 3, h, w)
        """
        ...


def box_of(area: Tensor) -> Box:
    """Return the smallest box x1, y1, x2, y2 in pixels around an area (x2 and y2 are beyond it)."""
    rows, columns = area.any(1).nonzero()[:, 0], area.any(0).nonzero()[:, 0]
    return int(columns[0]), int(rows[0]), int(columns[-1]) + 1, int(rows[-1]) + 1

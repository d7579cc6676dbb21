"""Places of an image: its border, its corners, the cells of a grid, and boxes."""

from collections.abc import Mapping
from dataclasses import dataclass

import torch
from torch import Tensor

from finetrust.trust.interpretability.shortcuts.part import Box, Fill, Kind
from finetrust.trust.stability.corruptions.gaussian_filter import gaussian_filter

BORDER = 1 / 16
CORNER = 1 / 5
CELLS = 4
BLUR = 1 / 8


@dataclass(frozen=True, eq=False)
class Typical:
    """What the images of each class have in common at each pixel: their median.

    A mark that most images have stays in it; objects, which differ in place and shape, do not. So an
    exchange of typical contents moves the mark and leaves behind the honest evidence for a class.

    Parameters
    ----------
    medians : float tensor (classes, 3, h, w)
    targets : int64 tensor (n,)
        Of all images.
    """

    medians: Tensor
    targets: Tensor

    @classmethod
    def of(cls, images: Tensor, labels: Tensor, targets: Tensor) -> "Typical":
        """Return the medians of images (m, 3, h, w) of classes `labels` (m,)."""
        medians = images.new_zeros(int(targets.max()) + 1, *images.shape[1:])
        for label in labels.unique().tolist():
            medians[label] = images[labels == label].median(dim=0).values
        return cls(medians, targets)


@dataclass(frozen=True, eq=False)
class Place:
    """The same pixels of every image; what is exchanged is the typical content of two classes.

    Parameters
    ----------
    kind : str
    name : str
    area : bool tensor (h, w)
    typical : Typical
    """

    kind: Kind
    name: str
    area: Tensor
    typical: Typical

    @property
    def fillings(self) -> Mapping[str, Fill]:
        return {"blur": self._blurred, "mean": self._mean}

    def exchanged(self, images: Tensor, items: Tensor, donors: Tensor) -> Tensor:
        of_class = self.typical.medians[self.typical.targets[donors]]
        return torch.where(self.area, of_class, images[items])

    def _blurred(self, images: Tensor, items: Tensor) -> Tensor:
        return torch.where(self.area, blurred(images[items]), images[items])

    def _mean(self, images: Tensor, items: Tensor) -> Tensor:
        chosen = images[items]
        return torch.where(self.area, chosen.mean(dim=(2, 3), keepdim=True), chosen)


def blurred(images: Tensor) -> Tensor:
    """Return images smoothed until nothing smaller than an eighth of their side is left."""
    return gaussian_filter(images, max(images.shape[-2:]) * BLUR)


def fixed_places(typical: Typical) -> list[Place]:
    """Return the places that are looked at in any data: border, corners and cells."""
    outside = torch.ones_like(typical.medians[0, 0], dtype=torch.bool)
    height, width = outside.shape
    rim = max(1, round(min(height, width) * BORDER))
    outside[rim : height - rim, rim : width - rim] = False
    side = max(1, round(min(height, width) * CORNER))
    corners = [
        Place(
            "corner", f"{up} {left} corner", area_of((x, y, x + side, y + side), outside), typical
        )
        for up, y in (("top", 0), ("bottom", height - side))
        for left, x in (("left", 0), ("right", width - side))
    ]
    rows = [height * i // CELLS for i in range(CELLS + 1)]
    columns = [width * i // CELLS for i in range(CELLS + 1)]
    cells = [
        Place(
            "cell",
            f"cell {i + 1} from the top, {j + 1} from the left, of {CELLS} x {CELLS}",
            area_of((columns[j], rows[i], columns[j + 1], rows[i + 1]), outside),
            typical,
        )
        for i in range(CELLS)
        for j in range(CELLS)
    ]
    return [Place("border", f"border of {rim} px", outside, typical), *corners, *cells]


def patch(box: Box, typical: Typical) -> Place:
    """Return a box in pixels as a place."""
    x1, y1, x2, y2 = box
    name = f"patch at x {x1} to {x2}, y {y1} to {y2}"
    return Place("patch", name, area_of(box, typical.medians[0, 0]), typical)


def area_of(box: Box, like: Tensor) -> Tensor:
    """Return the pixels of a box: bool tensor of the shape (h, w) and device of `like`."""
    x1, y1, x2, y2 = box
    area = torch.zeros(like.shape, dtype=torch.bool, device=like.device)
    area[y1:y2, x1:x2] = True
    return area

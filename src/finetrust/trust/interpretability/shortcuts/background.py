"""What is around the objects, where masks or boxes say where these are."""

from collections.abc import Mapping
from dataclasses import dataclass

import torch
from torch import Tensor

from finetrust.trust.interpretability.shortcuts.part import Fill, Kind
from finetrust.trust.interpretability.shortcuts.places import blurred


@dataclass(frozen=True, eq=False)
class Background:
    """All pixels that are not of the object.

    Where a donor has its own object, the mean colour of its background stands in, so that an
    object never moves to another image.

    Parameters
    ----------
    objects : bool tensor (n, h, w)
        Where the object of each image is.
    """

    objects: Tensor
    kind: Kind = "background"
    name: str = "background"
    area: None = None

    @property
    def fillings(self) -> Mapping[str, Fill]:
        return {"blur": self._blurred, "mean": self._mean}

    def exchanged(self, images: Tensor, items: Tensor, donors: Tensor) -> Tensor:
        behind = torch.where(
            self.objects[donors, None], self._colour(images, donors), images[donors]
        )
        return torch.where(self.objects[items, None], images[items], behind)

    def _blurred(self, images: Tensor, items: Tensor) -> Tensor:
        # The object is taken out before the blur, or its colours would stay around it.
        behind = torch.where(self.objects[items, None], self._colour(images, items), images[items])
        return torch.where(self.objects[items, None], images[items], blurred(behind))

    def _mean(self, images: Tensor, items: Tensor) -> Tensor:
        return torch.where(
            self.objects[items, None], images[items], images.mean(dim=(0, 2, 3))[:, None, None]
        )

    def _colour(self, images: Tensor, rows: Tensor) -> Tensor:
        """Return the mean colour of the background of some images: float tensor (m, 3, 1, 1)."""
        outside = ~self.objects[rows, None]
        total = (images[rows] * outside).sum(dim=(2, 3), keepdim=True)
        return total / outside.sum(dim=(2, 3), keepdim=True).clamp(min=1)


def inside_boxes(boxes: Tensor, height: int, width: int) -> Tensor:
    """Return the pixels inside boxes, as masks of the objects.

    Parameters
    ----------
    boxes : float tensor (n, 4)
        x1, y1, x2, y2 in pixels, one for each image.
    height, width : int

    Returns
    -------
    bool tensor (n, h, w)
        Pixels whose middle is inside.
    """
    y = torch.arange(height, device=boxes.device)[:, None] + 0.5
    x = torch.arange(width, device=boxes.device) + 0.5
    x1, y1, x2, y2 = boxes[:, :, None, None].unbind(1)
    return (x1 <= x) & (x < x2) & (y1 <= y) & (y < y2)

"""Images with their boxes as training samples: what moves the image moves the boxes."""

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from PIL import Image
from torch import Tensor
from torchvision import tv_tensors
from torchvision.transforms.v2.functional import horizontal_flip_bounding_boxes

from finetrust.data.images.augmentations.augment import read_augment
from finetrust.data.images.augmentations.draws import coin
from finetrust.models.letterbox import Letterbox
from finetrust.tasks.joint_augmentation import moves

if TYPE_CHECKING:
    from finetrust.data.boxes.boxes import Boxes

LEAST_SIDE = 2.0
"""Sides of a box, in pixels of the canvas, below which a crop has emptied it."""

Sample = dict[str, Tensor]


class DetectionSamples:
    """Images on the canvas of a letterbox, and their boxes on it.

    A prepared target is a mapping with ``boxes`` (m, 4; float32, x1 y1 x2 y2), ``labels`` (m,
    int64), ``crowd`` (m, bool) and ``area`` (m, float32), all on the canvas.

    Parameters
    ----------
    letterbox : Letterbox
    augment : str
        A frame, and augmentations that move nothing: boxes around what was rotated or sheared would
        no longer be tight. ``crop`` scales the image at random and cuts or pads it to the canvas
        (large scale jitter, Ghiasi et al. 2021, section 4); boxes that the cut empties are dropped.
        ``flip`` adds mirroring.
    """

    def __init__(self, letterbox: Letterbox, augment: str) -> None:
        self._letterbox = letterbox
        self._fit = letterbox.transform()
        chosen = read_augment(augment)
        self._still = chosen.steps(still=True)
        self._move: Callable[[Any, Any], Any] | None = None
        if chosen.crops:
            self._move = moves(letterbox, chosen.mirrors)
        self._mirrors = chosen.mirrors

    def item(self, value: Image.Image, target: "Boxes") -> tuple[Tensor, Sample]:
        for step in self._still:
            value = step(value)
        if self._move is None:
            image, sample = self._fit(value), self.target(target)
            return _mirrored(image, sample) if self._mirrors and coin() else (image, sample)
        still = self.target(target)
        boxes = tv_tensors.BoundingBoxes(  # type: ignore[call-arg]
            torch.from_numpy(np.asarray(target.boxes, np.float32).reshape(-1, 4)),
            format="XYXY",
            canvas_size=(value.height, value.width),
        )
        image, moved = self._move(value, boxes)
        moved = moved.as_subclass(Tensor)
        kept = (moved[:, 2:] - moved[:, :2]).amin(1) >= LEAST_SIDE
        share = _area(moved) / _area(still["boxes"])
        changed = {**still, "boxes": moved, "area": still["area"] * share}
        return image, {name: values[kept] for name, values in changed.items()}

    def target(self, target: "Boxes") -> Sample:
        assert target.size is not None, "the checks fill in the size of every image"
        boxes = self._letterbox.to_canvas(target.boxes, target.size)
        width, height = self._letterbox.scaled_size(target.size)
        shrunk = width * height / (target.size[0] * target.size[1])
        return {
            "boxes": torch.from_numpy(boxes.astype(np.float32)),
            "labels": torch.from_numpy(np.asarray(target.labels, np.int64)),
            "crowd": torch.from_numpy(np.asarray(target.crowd, bool)),
            "area": torch.from_numpy(np.asarray(target.area, np.float32) * np.float32(shrunk)),
        }

    def inputs(self, prepared: Sequence[Tensor]) -> Tensor:
        return self._letterbox.collate(prepared)

    def targets(self, prepared: Sequence[Sample]) -> list[Sample]:
        return list(prepared)


def _area(boxes: Tensor) -> Tensor:
    """Return the areas of boxes (m, 4), never zero."""
    return (boxes[:, 2:] - boxes[:, :2]).clamp(min=1e-6).prod(1)


def _mirrored(image: Tensor, sample: Sample) -> tuple[Tensor, Sample]:
    """Return an image with its boxes seen in a mirror."""
    boxes = horizontal_flip_bounding_boxes(
        sample["boxes"],
        tv_tensors.BoundingBoxFormat.XYXY,
        (image.shape[-2], image.shape[-1]),
    )
    return image.flip(-1), {**sample, "boxes": boxes}

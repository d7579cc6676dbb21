"""Average precision of a validation pass, from boxes on the canvas."""

import math
from collections.abc import Sequence

import numpy as np
from torch import Tensor

from finetrust.trust.accuracy.detection.average_precision import coco_summary

_FIGURES = ("ap", "ap50")

Judged = tuple[np.ndarray, ...]
"""Boxes, labels and scores of what was found in an image; boxes, labels, crowds and areas of what is."""


def judged_boxes(
    outputs: Sequence[dict[str, Tensor]], targets: Sequence[dict[str, Tensor]]
) -> list[Judged]:
    """Return the detections and the annotations of each image as arrays."""
    return [
        (
            *(_array(found[name]) for name in ("boxes", "labels", "scores")),
            *(_array(target[name]) for name in ("boxes", "labels", "crowd", "area")),
        )
        for found, target in zip(outputs, targets, strict=True)
    ]


def box_figures(images: Sequence[Judged]) -> dict[str, float]:
    """Return COCO's AP and AP at 0.5; none where there is nothing to be found."""
    summary = coco_summary(*zip(*images, strict=True))
    return {name: summary[name] for name in _FIGURES if not math.isnan(summary[name])}


def _array(tensor: Tensor) -> np.ndarray:
    return tensor.detach().cpu().numpy()

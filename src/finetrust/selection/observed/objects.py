"""Boxes with a class each: the features of an object are the mean of each map within its box.

Girshick, "Fast R-CNN", ICCV 2015, section 2.1, with one cell a box; sampled as by He et al., "Mask
R-CNN", ICCV 2017, section 3 (RoIAlign).
"""

from typing import Any

import numpy as np
import torch
from torch import Tensor
from torchvision.ops import roi_align

from finetrust.data.dataset import Dataset
from finetrust.models.inference import Inference
from finetrust.selection.loaded import Loaded
from finetrust.selection.observed.observer import (
    Observations,
    gathered,
    maps_of,
    observers,
    passes,
)
from finetrust.selection.observed.of_classes import OfClasses
from finetrust.tasks.task import Task


class Objects(OfClasses):
    """Objects in images; those that stand for a crowd are left out."""

    counted = "boxes"
    disturbed = False

    def class_counts(self, dataset: Dataset) -> np.ndarray:
        labels = [np.asarray(t.labels)[~np.asarray(t.crowd, bool)] for t in dataset.targets]
        return np.bincount(np.concatenate(labels).astype(np.int64), minlength=len(dataset.classes))

    def observe(
        self,
        inference: Inference,
        loaded: Loaded,
        task: Task,
        dataset: Dataset,
        workers: int | None,
    ) -> Observations:
        features: list[Tensor] = []
        labels: list[Tensor] = []
        items: list[np.ndarray] = []
        letterbox: Any = inference.preprocessing
        width = letterbox.canvas[1]
        for rows, found, targets in passes(inference, task, dataset, workers):
            boxes = [target["boxes"][~target["crowd"]] for target in targets]
            classes = [target["labels"][~target["crowd"]] for target in targets]
            maps = maps_of(found)
            features.append(torch.cat([pooled_in_boxes(m, boxes, width) for m in maps], dim=1))
            labels += classes
            items.append(np.repeat(rows, [len(one) for one in boxes]))
        return gathered(features, labels, items)


def pooled_in_boxes(maps: Tensor, boxes: list[Any], width: int) -> Tensor:
    """Return the mean of a map (n, c, h, w) within boxes on a canvas: (boxes, c)."""
    on_map = [box.to(maps) for box in boxes]
    scale = maps.shape[3] / width
    cells = roi_align(maps.float(), on_map, output_size=1, spatial_scale=scale, aligned=True)
    return cells.flatten(1)


observers.add("detection", Objects())

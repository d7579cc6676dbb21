"""Masks: the features of a class in an image are the mean of each map over the pixels of the class.

Masked average pooling, as by Zhang, Wei, Yang & Huang, "SG-One", 2018, arXiv:1810.09091, eq. 1.
"""

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from finetrust.core.errors import UserError
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

LEAST_SHARE = 0.001
"""Share of the canvas below which a region is too small to be read off a map."""


class Regions(OfClasses):
    """The regions of each class in each image."""

    counted = "regions"
    disturbed = False

    def class_counts(self, dataset: Dataset) -> np.ndarray:
        k = len(dataset.classes)
        shown = [
            np.bincount(mask.read().ravel(), minlength=256)[:k] > 0 for mask in dataset.targets
        ]
        return np.sum(shown, axis=0)

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
        k = len(dataset.classes)
        for rows, found, masks in passes(inference, task, dataset, workers):
            if not isinstance(masks, Tensor):
                raise UserError(
                    "a model cannot be chosen on windows of large images",
                    "Leave --sliding-window out.",
                )
            shown = torch.stack([(masks == c).flatten(1).float().mean(1) for c in range(k)], dim=1)
            image, label = (shown > LEAST_SHARE).nonzero(as_tuple=True)
            regions = (masks[image] == label[:, None, None]).float()
            pooled = [pooled_in_regions(m, regions, image) for m in maps_of(found)]
            features.append(torch.cat(pooled, dim=1))
            labels.append(label)
            items.append(rows[image.numpy()])
        return gathered(features, labels, items)


def pooled_in_regions(maps: Tensor, regions: Tensor, image: Tensor) -> Tensor:
    """Return the mean of maps (n, c, h, w) over regions (m, H, W) of images (m,): (m, c)."""
    found = []
    size = (maps.shape[2], maps.shape[3])
    for region, index in zip(regions, image.tolist(), strict=True):
        share = functional.adaptive_avg_pool2d(region[None], size)[0].to(maps)
        found.append((maps[index] * share).sum((1, 2)) / share.sum().clamp(min=1e-12))
    empty = maps.new_zeros(0, maps.shape[1])
    return (torch.stack(found) if found else empty).float().cpu()


observers.add("segmentation", Regions())

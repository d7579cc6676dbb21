"""Training batches: rows in an order that depends on seed and epoch alone, shared out over processes."""

from collections.abc import Callable, Iterator

import numpy as np
import torch
from PIL import Image
from torch import Tensor

from finetrust.data.dataset import Dataset
from finetrust.data.loader import epoch_order, training_batches
from finetrust.models.features import Features

Share = tuple[int, int]
"""Rank of this process and number of processes."""


def n_batches(items: int, batch_size: int) -> int:
    """Return how many full batches an epoch has; the items left over come another time."""
    return max(1, items // batch_size) if items else 0


class FeatureBatches:
    """Batches of cached features, shuffled each epoch or in their order."""

    def __init__(
        self, features: Features, targets: np.ndarray, batch_size: int, seed: int | None, share: Share
    ) -> None:
        self._features, self._targets = features, torch.from_numpy(targets)
        self._batch_size, self._seed, self._share = batch_size, seed, share
        whole = -(-len(targets) // batch_size)
        self.per_epoch = whole if seed is None else n_batches(len(targets), batch_size)

    def epoch(self, epoch: int, start: int) -> Iterator[tuple[Tensor, Tensor]]:
        n = len(self._targets)
        order = np.arange(n) if self._seed is None else epoch_order(n, self._seed, epoch)
        rank, world = self._share
        for number in range(start, self.per_epoch):
            rows = order[number * self._batch_size : (number + 1) * self._batch_size][rank::world]
            if len(rows):
                yield self._features.take(rows), self._targets[torch.from_numpy(rows)]


class ImageBatches:
    """Batches of decoded images, augmented and shuffled each epoch, or in their order."""

    def __init__(
        self,
        dataset: Dataset,
        transform: Callable[[Image.Image], Tensor],
        batch_size: int,
        seed: int | None,
        workers: int | None,
        share: Share,
    ) -> None:
        self._dataset, self._transform = dataset, transform
        self._batch_size, self._seed = batch_size, seed
        self._workers, self._share = workers, share
        whole = -(-len(dataset) // batch_size)
        self.per_epoch = whole if seed is None else n_batches(len(dataset), batch_size)

    def epoch(self, epoch: int, start: int) -> Iterator[tuple[Tensor, Tensor]]:
        raise NotImplementedError

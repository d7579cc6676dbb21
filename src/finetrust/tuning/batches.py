"""Training batches: rows in an order that depends on seed and epoch alone, shared out over processes."""

from collections.abc import Iterator

import numpy as np
import torch
from torch import Tensor

from finetrust.data.dataset import Dataset
from finetrust.data.loader import Item, Loader, Transform, epoch_order, item_seeds
from finetrust.models.features import Features

Share = tuple[int, int]
"""Rank of this process and number of processes."""


def n_batches(items: int, batch_size: int) -> int:
    """Return how many full batches an epoch has; the items left over come another time."""
    return max(1, items // batch_size) if items else 0


class FeatureBatches:
    """Batches of cached features.

    Parameters
    ----------
    features : Features (n, d)
    targets : int64 array (n,)
    batch_size : int
        Of all processes together.
    seed : int or None
        None to keep the items in their order, all of them.
    share : (int, int)
    """

    def __init__(
        self,
        features: Features,
        targets: np.ndarray,
        batch_size: int,
        seed: int | None,
        share: Share,
    ) -> None:
        self._features, self._targets = features, torch.from_numpy(targets)
        self._rows = _Rows(len(targets), batch_size, seed, share)
        self.per_epoch = self._rows.per_epoch

    def epoch(self, epoch: int, start: int) -> Iterator[tuple[Tensor, Tensor]]:
        """Yield features and targets of the batches of one epoch from batch `start` on."""
        for rows in self._rows.epoch(epoch, start):
            yield self._features.take(rows), self._targets[torch.from_numpy(rows)]


class ImageBatches:
    """Batches of decoded images, augmented by seeds that depend on seed, epoch and item.

    Parameters
    ----------
    dataset : Dataset (n,)
    transform : callable
        From an RGB image to a uint8 tensor.
    batch_size, seed, share
        As for :class:`FeatureBatches`.
    workers : int or None
        Decoding processes.
    """

    def __init__(
        self,
        dataset: Dataset,
        transform: Transform,
        batch_size: int,
        seed: int | None,
        share: Share,
        workers: int | None,
    ) -> None:
        self._targets, self._seed = torch.from_numpy(dataset.targets), seed
        self._loader = Loader(dataset, transform, workers)
        self._rows = _Rows(len(dataset), batch_size, seed, share)
        self.per_epoch = self._rows.per_epoch

    def epoch(self, epoch: int, start: int) -> Iterator[tuple[Tensor, Tensor]]:
        """Yield images and targets of the batches of one epoch from batch `start` on."""
        rows = list(self._rows.epoch(epoch, start))
        seeds = None if self._seed is None else item_seeds(len(self._targets), self._seed, epoch)
        plan: list[list[Item]] = [
            [(int(row), None if seeds is None else int(seeds[row])) for row in part]
            for part in rows
        ]
        for part, images in zip(rows, self._loader.batches(plan), strict=True):
            yield images, self._targets[torch.from_numpy(part)]


class _Rows:
    """The rows of every batch of an epoch that fall to this process."""

    def __init__(self, items: int, batch_size: int, seed: int | None, share: Share) -> None:
        self._items, self._batch_size, self._seed, self._share = items, batch_size, seed, share
        whole = -(-items // batch_size)
        self.per_epoch = whole if seed is None else n_batches(items, batch_size)

    def epoch(self, epoch: int, start: int) -> Iterator[np.ndarray]:
        order = (
            np.arange(self._items)
            if self._seed is None
            else epoch_order(self._items, self._seed, epoch)
        )
        rank, world = self._share
        for number in range(start, self.per_epoch):
            begin = number * self._batch_size
            rows = order[begin : begin + self._batch_size][rank::world]
            if len(rows):
                yield rows

"""Training batches: rows in an order that depends on seed and epoch alone, shared out over processes."""

from collections.abc import Iterator

import numpy as np

from finetrust.data.dataset import Dataset
from finetrust.data.loader import Item, Loader, epoch_order, item_seeds
from finetrust.data.samples import Samples
from finetrust.models.features import Features, InOrder
from finetrust.models.preprocessor import Preprocessor
from finetrust.models.tree import Tree

Share = tuple[int, int]
"""Rank of this process and number of processes."""


_BATCHES_IN_A_BUCKET = 32


def n_batches(items: int, batch_size: int) -> int:
    """Return how many full batches an epoch has; the items left over come another time."""
    return max(1, items // batch_size) if items else 0


class FeatureBatches:
    """Batches of cached features.

    Parameters
    ----------
    features : Features (n, ...)
    dataset : Dataset (n,)
        Whose targets they have.
    samples : Samples
    batch_size : int
        Of all processes together.
    seed : int or None
        None to keep the items in their order, all of them.
    share : (int, int)
    """

    def __init__(
        self,
        features: Features,
        dataset: Dataset,
        samples: Samples,
        batch_size: int,
        seed: int | None,
        share: Share,
    ) -> None:
        self._features, self._dataset, self._samples = features, dataset, samples
        self._rows = _Rows(len(dataset), batch_size, seed, share, None)
        self.per_epoch = self._rows.per_epoch

    def epoch(self, epoch: int, start: int) -> Iterator[tuple[Tree, Tree]]:
        """Yield features and targets of the batches of one epoch from batch `start` on."""
        for rows in self._rows.epoch(epoch, start):
            targets = [self._samples.target(self._dataset.targets[row]) for row in rows]
            yield self._features.take(rows), self._samples.targets(targets)


class InputBatches:
    """Batches of prepared inputs, augmented by seeds that depend on seed, epoch and item.

    Parameters
    ----------
    dataset : Dataset (n,)
    samples : Samples
    preprocessing : Preprocessor
        Which says how long inputs are; those of like length then share a batch.
    batch_size, share
        As for :class:`FeatureBatches`.
    seed : int or None
        Of the augmentation; None where nothing is random.
    order : int or None
        Seed of the order of the items; None to keep it, and to take all of them.
    workers : int or None
        Decoding processes.
    """

    def __init__(
        self,
        dataset: Dataset,
        samples: Samples,
        preprocessing: Preprocessor,
        batch_size: int,
        seed: int | None,
        order: int | None,
        share: Share,
        workers: int | None,
    ) -> None:
        self._items, self._seed = len(dataset), seed
        self._loader = Loader(dataset, samples, workers)
        lengths = preprocessing.lengths(InOrder(dataset))
        ordered = None if lengths is None else np.asarray(lengths)
        self._rows = _Rows(len(dataset), batch_size, order, share, ordered)
        self.per_epoch = self._rows.per_epoch

    def epoch(self, epoch: int, start: int) -> Iterator[tuple[Tree, Tree]]:
        """Yield inputs and targets of the batches of one epoch from batch `start` on."""
        seeds = None if self._seed is None else item_seeds(self._items, self._seed, epoch)
        plan: list[list[Item]] = [
            [(int(row), None if seeds is None else int(seeds[row])) for row in part]
            for part in self._rows.epoch(epoch, start)
        ]
        yield from self._loader.batches(plan)


class _Rows:
    """The rows of every batch of an epoch that fall to this process.

    Where items have lengths, the shuffled items are cut into buckets of some batches, those of a
    bucket are sorted by length, and the batches are shuffled again: little padding, and still another
    company for each item in every epoch.
    """

    def __init__(
        self,
        items: int,
        batch_size: int,
        seed: int | None,
        share: Share,
        lengths: np.ndarray | None,
    ) -> None:
        self._items, self._batch_size, self._seed, self._share = items, batch_size, seed, share
        self._lengths = lengths
        whole = -(-items // batch_size)
        self.per_epoch = whole if seed is None else n_batches(items, batch_size)

    def epoch(self, epoch: int, start: int) -> Iterator[np.ndarray]:
        rank, world = self._share
        for rows in self._batches(epoch)[start:]:
            own = rows[rank::world]
            if len(own):
                yield own

    def _batches(self, epoch: int) -> list[np.ndarray]:
        size = self._batch_size
        if self._seed is None:
            order = np.arange(self._items)
            if self._lengths is not None:
                order = np.argsort(self._lengths, kind="stable")
            return [order[i * size : (i + 1) * size] for i in range(self.per_epoch)]
        order = epoch_order(self._items, self._seed, epoch)[: self.per_epoch * size]
        if self._lengths is None:
            return [order[i * size : (i + 1) * size] for i in range(self.per_epoch)]
        bucket = _BATCHES_IN_A_BUCKET * size
        batches = []
        for begin in range(0, len(order), bucket):
            rows = order[begin : begin + bucket]
            rows = rows[np.argsort(self._lengths[rows], kind="stable")]
            batches += [rows[i : i + size] for i in range(0, len(rows), size)]
        shuffled = epoch_order(len(batches), self._seed + 1, epoch)
        return [batches[i] for i in shuffled]

"""Decoded batches of a data set: read by worker processes where that pays, the same whatever their number."""

import time
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import torch
from torch.utils.data import DataLoader

from finetrust.core.cpus import usable_cpus
from finetrust.core.errors import UserError
from finetrust.data.dataset import Dataset
from finetrust.data.samples import Samples

Item = tuple[int, int | None]
"""Position of an item, and the seed of its random transform (None where nothing is random)."""

_MOST_WORKERS = 8
_SECONDS_WORTH_WORKERS = 0.4
_PROBED = 8


class Loader:
    """Reads items of a data set in planned batches.

    Workers, where there are any, live as long as the loader. What an item becomes depends on its
    seed alone, so the batches are the same for any number of workers.

    Parameters
    ----------
    dataset : Dataset
    samples : Samples
        How items become batches.
    workers : int or None
        Decoding processes, 0 for none; None to choose by how long decoding takes here.
    """

    def __init__(self, dataset: Dataset, samples: Samples, workers: int | None) -> None:
        self._items = _Items(dataset, samples)
        self._requested = workers
        self._plan = _Plan()
        self._loader: DataLoader | None = None

    def batches(self, plan: Sequence[list[Item]]) -> Iterator[tuple[Any, Any]]:
        """Yield inputs and targets for each batch of the plan.

        Raises
        ------
        UserError
            If an item cannot be read (any more), by name.
        """
        if not plan:
            return
        self._plan.batches = plan
        if self._loader is None:
            workers = self._workers() if self._requested is None else self._requested
            self._loader = DataLoader(
                self._items,  # type: ignore[arg-type]
                batch_sampler=self._plan,
                num_workers=workers,
                collate_fn=_unchanged,
                persistent_workers=workers > 0,
                pin_memory=torch.cuda.is_available(),
            )
        for batch in self._loader:
            if isinstance(batch, str):
                raise UserError(
                    f"{batch}, though it could be when the data were checked",
                    "Restore the file and start again (a run in training: with --resume).",
                )
            yield batch

    def _workers(self) -> int:
        """Return 0 if the CPU also computes, or if this process decodes all of the plan in no time.

        Processes that decode beside a computation on the same cores keep its threads waiting for
        each other: on two cores that was seen to take three times as long as taking turns.
        """
        if not torch.cuda.is_available():
            return 0
        items = sum(len(batch) for batch in self._plan)
        some = self._plan.batches[0][:_PROBED]
        start = time.perf_counter()
        self._items.__getitems__(some)
        seconds = (time.perf_counter() - start) * items / len(some)
        return 0 if seconds < _SECONDS_WORTH_WORKERS else min(usable_cpus(), _MOST_WORKERS)


def epoch_order(items: int, seed: int, epoch: int) -> np.ndarray:
    """Return the order of the items in one epoch: int64 (items,), a function of seed and epoch."""
    return np.random.default_rng((seed, epoch)).permutation(items)


def item_seeds(items: int, seed: int, epoch: int) -> np.ndarray:
    """Return the seed of each item's random transform in one epoch: int64 (items,)."""
    return np.random.default_rng((seed, epoch, 1)).integers(2**63 - 1, size=items)


class _Items:
    """Fetches whole batches, in a worker or in this process; an error comes back as its text."""

    def __init__(self, dataset: Dataset, samples: Samples) -> None:
        self._dataset, self._samples = dataset, samples

    def __len__(self) -> int:
        return len(self._dataset)

    def __getitems__(self, items: list[Item]) -> tuple[Any, Any] | str:
        inputs, targets = [], []
        for row, seed in items:
            try:
                value = self._dataset.inputs[row]
                if seed is not None:
                    torch.default_generator.manual_seed(seed)
                prepared, target = self._samples.item(value, self._dataset.targets[row])
            except OSError as error:
                return f"{self._dataset.ids[row]} cannot be read ({error})"
            inputs.append(prepared)
            targets.append(target)
        return self._samples.inputs(inputs), self._samples.targets(targets)


class _Plan:
    """The batches to come, as the batch sampler that DataLoader asks; no part of a reference cycle.

    In a cycle the workers of a loader are only told to stop when Python collects its garbage, and
    then may take seconds to notice.
    """

    batches: Sequence[list[Item]] = ()

    def __iter__(self) -> Iterator[list[Item]]:
        return iter(self.batches)

    def __len__(self) -> int:
        return len(self.batches)


def _unchanged(batch: Any) -> Any:
    return batch

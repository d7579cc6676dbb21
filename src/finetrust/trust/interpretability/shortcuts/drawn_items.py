"""Which items shortcuts are looked for in: as many of each class, as the effort and the memory allow."""

import numpy as np

from finetrust.core.errors import NotApplicable
from finetrust.trust.interpretability.shortcuts.finder import (
    LEAST_OF_CLASS,
    MOST_ITEMS,
    MOST_OF_CLASS,
)
from finetrust.trust.trials.bench import Bench

MOST_BYTES = 1 << 29


def drawn_items(bench: Bench) -> np.ndarray:
    """Return rows of the bench's data, as many of each class: sorted int64 (n,).

    Where there are more classes than the number of items can serve with 20 each, classes are drawn by
    the seed.

    Raises
    ------
    NotApplicable
        If fewer than two classes have 20 items.
    """
    targets = bench.clean["target"]
    rng = np.random.default_rng(bench.seed)
    least = 2 * LEAST_OF_CLASS
    labels, counts = np.unique(targets, return_counts=True)
    large = labels[counts >= least]
    if len(large) < 2:
        raise NotApplicable(
            f"shortcuts are looked for between classes of at least {least} items, and fewer than two "
            "classes have as many"
        )
    total = max(_most(bench), 2 * least)
    if len(large) * least > total:
        large = rng.permutation(large)[: total // least]
    of_class = min(total // len(large), 2 * MOST_OF_CLASS)
    drawn = [rng.permutation(np.flatnonzero(targets == label))[:of_class] for label in large]
    return np.sort(np.concatenate(drawn))


def _most(bench: Bench) -> int:
    """Return how many items are looked at at most; their pixels in float32 lie in memory."""
    bytes_each = 4 * bench.inference.preprocessing.example(1).numel()
    return min(bench.effort.items(), 2 * MOST_ITEMS, MOST_BYTES // bytes_each)

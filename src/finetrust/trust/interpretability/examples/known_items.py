"""The training items that decisions are explained by, with what the network makes of them.

All of them, up to 50,000, where an earlier run has kept their features; else those that the scores of
unfamiliar inputs are fitted to, whose pass through the network is shared.
"""

import hashlib
from dataclasses import dataclass

import numpy as np

from finetrust.core.errors import NotApplicable
from finetrust.core.once import once
from finetrust.data.dataset import Dataset
from finetrust.models.features import stored_features
from finetrust.trust.stability.ood.knowledge import by_content, knowledge_of
from finetrust.trust.stability.ood.score import Head, Seen
from finetrust.trust.trials.bench import Bench

MOST_ITEMS, MOST_NUMBERS = 50_000, 1 << 25
"""Of features that were kept, or their logits, no more are read: nearest items are sought in all of them."""


@dataclass(frozen=True, eq=False)
class KnownItems:
    """Training items.

    Parameters
    ----------
    ids : array of str (n,)
    labels : int64 array (n,)
    features : float32 array (n, d)
        What the head reads; finite.
    logits : float32 array (n, classes)
        Finite.
    """

    ids: np.ndarray
    labels: np.ndarray
    features: np.ndarray
    logits: np.ndarray

    def __len__(self) -> int:
        return len(self.ids)


class KnownSource:
    """Which training items they are, and how many passes it takes to see them; read when asked for."""

    def __init__(self, bench: Bench) -> None:
        training = bench.training
        if training is None or not len(training):
            raise NotApplicable("the items that the model was trained on are not known")
        if training.targets.ndim != 1 or training.targets.dtype.kind not in "iu":
            raise NotApplicable("a training item has no single class")
        self._bench = bench
        widest = max(bench.clean["features"].shape[1], bench.clean["logits"].shape[1])
        some = by_content(training, min(MOST_ITEMS, max(1, MOST_NUMBERS // widest)))
        self._kept = stored_features(bench.inference, some.digests)
        self.items: Dataset = some if self._kept is not None else _fitted(bench)

    @property
    def passes(self) -> int:
        """How many items go through the network, beside what the trial of unfamiliar inputs counts."""
        names = self._bench.options.trials
        counted = self._kept is not None or names is None or "ood" in names
        return 0 if counted else len(self.items)

    @property
    def mark(self) -> str:
        """SHA-256 of the items and their labels."""
        parts = [*self.items.digests, *map(str, self.items.targets.tolist())]
        return hashlib.sha256("\n".join(parts).encode()).hexdigest()

    def read(self) -> KnownItems:
        """Return the items with finite features and logits."""
        head = Head.of(self._bench.inference)
        seen = (
            knowledge_of(self._bench).known
            if self._kept is None
            else Seen(self._kept, head.logits(self._kept))
        )
        finite = seen.finite
        return KnownItems(
            np.array(self.items.ids, dtype=str)[finite],
            self.items.targets[finite].astype(np.int64),
            seen.features[finite],
            seen.logits[finite],
        )


@once
def known_source(bench: Bench) -> KnownSource:
    """Return which training items a bench knows; the same for all who ask.

    Raises
    ------
    NotApplicable
        If they are not known, or have no single class each.
    """
    return KnownSource(bench)


@once
def known_items(bench: Bench) -> KnownItems:
    """Return the training items of a bench; read once for all who ask."""
    return known_source(bench).read()


def _fitted(bench: Bench) -> Dataset:
    fitted = knowledge_of(bench).fitted
    assert fitted is not None, "there are training items"
    return fitted

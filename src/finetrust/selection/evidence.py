"""What one pass of a pretrained model over labelled data yields, and what the scores share of it."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
from scipy.sparse import csr_array

from finetrust.core.errors import NotApplicable

_BLOCK_NUMBERS = 1 << 23
_BLOCK_ROWS = 8192


@dataclass(frozen=True)
class Spectrum:
    """The directions in which features vary.

    Parameters
    ----------
    values : float64 array (rank,)
        Squared singular values of the features, descending, all above rounding error.
    directions : float64 array (d, rank)
        Right singular vectors.
    """

    values: np.ndarray
    directions: np.ndarray


@dataclass(frozen=True, eq=False)
class Evidence:
    """Features of labelled items by one candidate; what several scores need is computed once.

    Parameters
    ----------
    features : float32 array (n, d)
        One row per item, e.g. pooled output of the backbone; memory-mapped will do.
    labels : int64 array (n,) or None
        Class of each item, any integers; None where the answers are not classes.
    source_logits : float32 array (n, k) or None
        Of the candidate's own head, over the classes that it was pretrained on; None without one.
    targets : float array (n, t) or None
        Answers that are numbers (regression) or tags (0 or 1) where they are not classes.
    seed : int
        Of what is drawn.

    Raises
    ------
    ValueError
        If the columns do not belong together; neither or both of labels and targets.
    """

    features: np.ndarray
    labels: np.ndarray | None
    source_logits: np.ndarray | None = None
    targets: np.ndarray | None = None
    seed: int = 0

    def __post_init__(self) -> None:
        if self.features.ndim != 2:
            raise ValueError(f"features must have two axes, not {self.features.ndim}")
        if (self.labels is None) == (self.targets is None):
            raise ValueError("answers are either labels or targets")
        for name, ndim in (("labels", 1), ("source_logits", 2), ("targets", 2)):
            column = getattr(self, name)
            if column is not None and (column.ndim != ndim or len(column) != len(self)):
                raise ValueError(f"{name} of shape {column.shape} for {len(self)} items")

    def __len__(self) -> int:
        return len(self.features)

    def take(self, rows: np.ndarray) -> "Evidence":
        """Return the evidence of some items (int array)."""
        columns = ("features", "labels", "source_logits", "targets")
        present = {name: getattr(self, name) for name in columns if getattr(self, name) is not None}
        return replace(self, **{name: column[rows] for name, column in present.items()})

    def drawn(self, most: int) -> np.ndarray:
        """Return rows of at most `most` items, ascending, drawn by the seed: int64 array."""
        if len(self) <= most:
            return np.arange(len(self))
        return np.sort(np.random.default_rng(self.seed).permutation(len(self))[:most])

    def blocks(self) -> Iterator[slice]:
        """Yield rows of some items at a time, so that a second copy of all features is never held."""
        size = min(_BLOCK_ROWS, max(1, _BLOCK_NUMBERS // max(1, self.features.shape[1])))
        for start in range(0, len(self), size):
            yield slice(start, min(start + size, len(self)))

    def centred(self, rows: slice | np.ndarray) -> np.ndarray:
        """Return features less the mean of all, of some items: float64 array (m, width).

        Of fewer items than features, these are their coordinates along the directions of
        :attr:`centred_spectrum`: distances and products between items are the same, and nothing as
        wide as the features is computed with.
        """
        if self._wide:
            return self._coordinates[rows]
        return self.features[rows].astype(np.float64) - self.mean

    @cached_property
    def answer_flaw(self) -> str:
        """Why nothing can be learnt of these answers; empty where something can."""
        if len(self) < 2:
            return f"it needs two items or more, and there are {len(self)}"
        if self.targets is not None:
            if not np.isfinite(self.targets).all():
                return "not all answers are finite numbers"
            if (self.targets == self.targets[:1]).all():
                return "all items have the same answers"
        elif len(self.class_sizes) < 2:
            return "all items are of one class"
        elif self.class_sizes.max() < 2:
            return "no class has two items"
        return ""

    @cached_property
    def feature_flaw(self) -> str:
        """Why nothing can be learnt from these features; empty where something can."""
        finite = [np.isfinite(self.features[rows]).all(axis=1).sum() for rows in self.blocks()]
        unusable = len(self) - int(sum(finite))
        if unusable:
            return f"the features of {unusable} of {len(self)} items are not finite"
        if (self.features == self.features[:1]).all():
            return "all items have the same features"
        return ""

    @cached_property
    def source_flaw(self) -> str:
        """Why the logits of the model's own head say nothing; empty where they may."""
        if self.source_logits is None:
            return "the model has no head for the classes that it was pretrained on"
        if not np.isfinite(self.source_logits).all():
            return "the logits of the model's own head are not finite"
        return ""

    @cached_property
    def codes(self) -> np.ndarray:
        """Class of each item, counted through those that occur: int64 array (n,)."""
        assert self.labels is not None
        return np.unique(self.labels, return_inverse=True)[1]

    @cached_property
    def class_sizes(self) -> np.ndarray:
        """Items of each class that occurs: int64 array (classes,)."""
        return np.bincount(self.codes)

    @cached_property
    def answers(self) -> csr_array:
        """One-hot classes, or the targets: sparse float64 array (n, t)."""
        if self.targets is not None:
            return csr_array(self.targets, dtype=np.float64)
        n = len(self)
        return csr_array(
            (np.ones(n), self.codes, np.arange(n + 1)), shape=(n, len(self.class_sizes))
        )

    @cached_property
    def mean(self) -> np.ndarray:
        """Mean features: float64 array (d,)."""
        sums = [self.features[rows].sum(axis=0, dtype=np.float64) for rows in self.blocks()]
        return np.sum(sums, axis=0) / len(self)

    @cached_property
    def answer_sums(self) -> np.ndarray:
        """:meth:`centred` features, summed with each column of answers as weights: (t, width)."""
        return np.sum([self.answers[rows].T @ self.centred(rows) for rows in self.blocks()], axis=0)

    @cached_property
    def class_means(self) -> np.ndarray:
        """Mean of the :meth:`centred` features of each class: float64 array (classes, width)."""
        return self.answer_sums / self.class_sizes[:, None]

    @cached_property
    def scatter(self) -> np.ndarray:
        """Products of :meth:`centred` features, summed over items: float64 array (width, width)."""
        if self._wide:
            return np.diag(self.centred_spectrum.values)
        found = np.zeros((self.features.shape[1],) * 2)
        for rows in self.blocks():
            block = self.centred(rows)
            found += block.T @ block
        return found

    @cached_property
    def spectrum(self) -> Spectrum:
        """Of the features as they are, in directions of their own columns."""
        if self._wide:
            return _of_rows(self.features.astype(np.float64))
        # By this sum a mean that is large beside the spread costs no digits of the spread.
        return _of_products(self.scatter + len(self) * np.outer(self.mean, self.mean), len(self))

    @cached_property
    def centred_spectrum(self) -> Spectrum:
        """Of the :meth:`centred` features; the directions have as many rows as those have columns."""
        if not self._wide:
            return _of_products(self.scatter, len(self))
        values = self._own_spectrum.values
        return Spectrum(values, np.eye(len(values)))

    @property
    def _wide(self) -> bool:
        return len(self) < self.features.shape[1]

    @cached_property
    def _own_spectrum(self) -> Spectrum:
        return _of_rows(self.features.astype(np.float64) - self.mean)

    @cached_property
    def _coordinates(self) -> np.ndarray:
        return (self.features.astype(np.float64) - self.mean) @ self._own_spectrum.directions


def _of_rows(rows: np.ndarray) -> Spectrum:
    _, singular, directions = np.linalg.svd(rows, full_matrices=False)
    return _above_rounding(singular**2, directions.T, max(rows.shape))


def _of_products(products: np.ndarray, n: int) -> Spectrum:
    values, directions = np.linalg.eigh(products)
    return _above_rounding(values[::-1], directions[:, ::-1], max(n, len(products)))


def _above_rounding(values: np.ndarray, directions: np.ndarray, size: int) -> Spectrum:
    if not values[0] > 0:
        raise NotApplicable("the features do not vary")
    kept = values > values[0] * size * np.finfo(np.float64).eps
    return Spectrum(values[kept], directions[:, kept])

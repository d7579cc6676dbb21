"""Two halves of the items, one to find candidates and one to judge them, and who gives to whom."""

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True, eq=False)
class Half:
    """Items with donors for each, all of the same half.

    Parameters
    ----------
    items : int64 array (m,)
    same : int64 array (m,)
        Another item of the same class.
    other : int64 array (m,)
        An item of another class, each other class being as likely.
    of_class : mapping of int to int64 array
        The items of each class.
    seed : int
    """

    items: np.ndarray
    same: np.ndarray
    other: np.ndarray
    of_class: dict[int, np.ndarray]
    seed: int

    def given_by(self, label: int, n: int) -> np.ndarray:
        """Return n items of class `label`, drawn at random: int64 array (n,)."""
        rng = np.random.default_rng((self.seed, label))
        return rng.choice(self.of_class[label], n)

    def not_of(self, label: int, most: int) -> np.ndarray:
        """Return the positions in `items` of other classes, at most so many of them at random."""
        mine = np.isin(self.items, self.of_class[label])
        return np.random.default_rng(self.seed).permutation(np.flatnonzero(~mine))[:most]


def halves(
    targets: np.ndarray, least: int, most: int, seed: int
) -> tuple[tuple[Half, Half] | None, list[int]]:
    """Return two halves that share no item, and the classes that are too small to be judged.

    Parameters
    ----------
    targets : int array (n,)
    least, most : int
        How many items of a class each half has at least and at most.
    seed : int

    Returns
    -------
    (Half, Half) or None
        None where fewer than two classes are large enough.
    list of int
        Classes of which no item is used.
    """
    rng = np.random.default_rng(seed)
    first: dict[int, np.ndarray] = {}
    second: dict[int, np.ndarray] = {}
    small: list[int] = []
    for label in np.unique(targets).tolist():
        rows = rng.permutation(np.flatnonzero(targets == label))
        size = min(len(rows) // 2, most)
        if size < least:
            small.append(label)
        else:
            first[label], second[label] = rows[:size], rows[size : 2 * size]
    if len(first) < 2:
        return None, small
    return (_half(first, rng, seed), _half(second, rng, seed)), small


def _half(rows: dict[int, np.ndarray], rng: np.random.Generator, seed: int) -> Half:
    labels = np.array(list(rows))
    items = np.concatenate(list(rows.values()))
    label_of = np.repeat(labels, [len(r) for r in rows.values()])
    # The rows of a class are in random order: the next one is a random other one.
    same = np.concatenate([np.roll(r, -1) for r in rows.values()])
    step = rng.integers(1, len(labels), len(items))
    giver = labels[(np.searchsorted(labels, label_of) + step) % len(labels)]
    other = np.array([rng.choice(rows[label]) for label in giver.tolist()])
    return Half(items, same, other, rows, seed)

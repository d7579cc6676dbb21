"""Cutting splits off: stratified by class, decided by what the files hold, not by order or name."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence

import numpy as np

from finetrust.core.errors import UserError

Copies = list[int]
"""The rows of items that are copies of one another."""


def cut_splits(
    targets: np.ndarray,
    splits: np.ndarray,
    digests: Sequence[str],
    originals: Sequence[str],
    val_fraction: float,
    test_fraction: float,
) -> np.ndarray:
    """Return the splits, with those that are missing cut off.

    Where no split is named, test and val are cut off; where train is named and val is not, val is
    cut from train. Named splits are never touched. The items of a class are taken in the order of
    their digests, so the same contents give the same splits. Copies stay together, those with
    contradictory labels in train, and every class keeps an item in train. Near copies are parted
    only if too little could be cut off otherwise; exact ones never.

    Parameters
    ----------
    targets : int array (n,)
    splits : array of str (n,)
    digests, originals : sequence of str (n,)
        SHA-256 of each content, and the digest that stands for all its copies, near ones too.
    val_fraction, test_fraction : float
        Shares of the items that are cut into. In each class they differ from it by less than one
        item, copies aside.

    Returns
    -------
    array of str (n,)

    Raises
    ------
    UserError
        If the fractions leave nothing to train on, or there are splits but none called train.
    """
    shares = _shares(splits, val_fraction, test_fraction)
    cut = _cut(targets, splits, originals, shares)
    n = int((cut == "train").sum() + sum((cut == name).sum() for name in shares))
    if all((cut == name).sum() >= share * n / 2 for name, share in shares.items()):
        return cut
    return _cut(targets, splits, digests, shares)


def _shares(splits: np.ndarray, val_fraction: float, test_fraction: float) -> dict[str, float]:
    """Return which share to cut off for which split."""
    named = set(splits.tolist()) - {""}
    if named and "train" not in named:
        raise UserError(
            f"the data have no train split, only {', '.join(sorted(named))}",
            "Call the part to train on 'train', or name no splits at all.",
        )
    shares = {} if named else {"test": test_fraction}
    if "val" not in named:
        shares["val"] = val_fraction
    if sum(shares.values()) >= 1:
        raise UserError(
            f"val_fraction {val_fraction} and test_fraction {test_fraction} leave nothing to train "
            "on",
            "Make their sum smaller than 1.",
        )
    return shares


def _cut(
    targets: np.ndarray, splits: np.ndarray, originals: Sequence[str], shares: Mapping[str, float]
) -> np.ndarray:
    cut = np.where(splits == "", "train", splits).astype("<U5")
    left = _copies_by_class(np.flatnonzero(cut == "train"), targets, originals)
    sizes = {label: _items(copies) for label, copies in left.items()}
    for name, share in shares.items():
        quotas = _quotas({label: share * size for label, size in sizes.items()}, left)
        for label, quota in quotas.items():
            taken, left[label] = _take(left[label], quota)
            cut[[row for same in taken for row in same]] = name
    return cut


def _copies_by_class(
    rows: np.ndarray, targets: np.ndarray, originals: Sequence[str]
) -> dict[int, list[Copies]]:
    """Return, for each class, its rows grouped by copies, in the order of the digests.

    The classes come in the order of their smallest digests. Contradictory copies are left out.
    """
    copies_of: dict[str, Copies] = defaultdict(list)
    for row in rows.tolist():
        copies_of[originals[row]].append(row)
    of_class: dict[int, list[Copies]] = defaultdict(list)
    for original in sorted(copies_of):
        labels = set(targets[copies_of[original]].tolist())
        if len(labels) == 1:
            of_class[labels.pop()].append(copies_of[original])
    return dict(of_class)


def _items(copies: Iterable[Copies]) -> int:
    return sum(map(len, copies))


def _quotas(exact: Mapping[int, float], left: Mapping[int, list[Copies]]) -> dict[int, int]:
    """Return how many items to take from each class: largest remainders, one at least in all."""
    able = [label for label, copies in left.items() if len(copies) > 1 and exact[label] > 0]
    quotas = {label: int(exact[label]) for label in able}
    total = max(1, round(sum(exact[label] for label in able))) if able else 0
    able.sort(key=lambda label: (quotas[label] - exact[label], -_items(left[label])))
    for label in able[: total - sum(quotas.values())]:
        quotas[label] += 1
    return quotas


def _take(copies: list[Copies], quota: int) -> tuple[list[Copies], list[Copies]]:
    """Return what to take, up to the quota in items, and what to leave: one at least.

    Where even the fewest copies are more than the quota, they are taken if most items are left.
    """
    taken: list[Copies] = []
    left: list[Copies] = []
    room = quota
    for number, same in enumerate(copies):
        if len(same) <= room and (left or number < len(copies) - 1):
            taken.append(same)
            room -= len(same)
        else:
            left.append(same)
    if quota and not taken:
        fewest = min(range(len(copies)), key=lambda number: len(copies[number]))
        if 2 * len(copies[fewest]) < _items(copies):
            return [copies[fewest]], [*copies[:fewest], *copies[fewest + 1 :]]
    return taken, left

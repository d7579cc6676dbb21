"""The checks before training or judging: every input is looked at, missing splits are cut off."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Literal

import numpy as np

from finetrust.core.errors import UserError
from finetrust.data.data_report import DataReport, Pair, Pairs, Sizes
from finetrust.data.data_warnings import warnings_of
from finetrust.data.dataset import SPLITS, Dataset
from finetrust.data.duplicates import exact_copies, near_copies, near_digests, originals
from finetrust.data.index import DataIndex
from finetrust.data.inspection import Inspection, inspect
from finetrust.data.splits import cut_splits
from finetrust.data.thumbnail import as_array


def check(
    dataset: Dataset,
    *,
    on_error: Literal["skip", "fail"] = "skip",
    workers: int | None = None,
    val_fraction: float = 0.15,
    test_fraction: float = 0.15,
    cut: bool = True,
) -> tuple[Dataset, DataReport, DataIndex]:
    """Read, hash and decode every input once, leave out what is unreadable, cut splits off.

    Parameters
    ----------
    dataset : Dataset
    on_error : {"skip", "fail"}
        Whether an unreadable input is left out and reported, or ends it all.
    workers : int, optional
        Threads; by default one for each CPU.
    val_fraction, test_fraction : float
        See :func:`finetrust.data.splits.cut_splits`.
    cut : bool
        Whether the data are for training: missing splits are cut off, and there must be two
        classes, each with a usable image. Otherwise the splits stay as they are.

    Returns
    -------
    dataset : Dataset
        The usable items with their digests.
    report : DataReport
    index : DataIndex

    Raises
    ------
    UserError
        If nothing is left to work with, or something is unreadable and `on_error` is "fail".
    """
    inspections = inspect(dataset, workers)
    unreadable = [
        (id_, found.reason)
        for id_, found in zip(dataset.ids, inspections, strict=True)
        if found.reason
    ]
    _refuse(dataset, unreadable, on_error)
    rows = [row for row, found in enumerate(inspections) if not found.reason]
    usable = [inspections[row] for row in rows]
    checked = replace(dataset.take(rows), digests=tuple(found.digest for found in usable))
    thumbnails = as_array(b"".join(found.thumbnail for found in usable), len(usable))
    near = near_digests(checked.digests, thumbnails)
    if cut:
        _refuse_classes(dataset, checked)
        splits = cut_splits(
            checked.targets,
            checked.splits,
            checked.digests,
            originals(checked.digests, near),
            val_fraction,
            test_fraction,
        )
        checked = replace(checked, splits=splits)
    index = DataIndex(checked.ids, checked.digests, checked.splits, thumbnails)
    return checked, _report(checked, unreadable, usable, near), index


def _refuse(dataset: Dataset, unreadable: list[tuple[str, str]], on_error: str) -> None:
    if not len(dataset):
        raise UserError(f"{dataset.name}: there are no items", "Give other data.")
    if not unreadable:
        return
    first, reason = unreadable[0]
    if len(unreadable) == len(dataset):
        raise UserError(
            f"{dataset.name}: none of the {len(dataset)} images can be read, {first} for instance "
            f"({reason})",
            "Give other data.",
        )
    if on_error == "fail":
        more = f", nor can {len(unreadable) - 1} more" if len(unreadable) > 1 else ""
        raise UserError(
            f"{dataset.name}: {first} cannot be read ({reason}){more}",
            "Mend or delete what is unreadable, or leave it out with --on-error skip.",
        )


def _refuse_classes(before: Dataset, after: Dataset) -> None:
    had, has = (np.bincount(d.targets, minlength=len(d.classes)) > 0 for d in (before, after))
    lost = np.flatnonzero(had & ~has)
    if len(lost):
        raise UserError(
            f"{before.name}: no image of class '{before.classes[lost[0]]}' can be read",
            "Restore its images or remove the class.",
        )
    if has.sum() < 2:
        only = before.classes[int(np.flatnonzero(has)[0])]
        raise UserError(
            f"{before.name}: only one class, '{only}'; a classifier needs two at least",
            "Add images of another class; each class has a folder or a label of its own.",
        )


def _report(
    dataset: Dataset,
    unreadable: list[tuple[str, str]],
    usable: Sequence[Inspection],
    near: Sequence[tuple[str, str]],
) -> DataReport:
    exact_pairs = exact_copies(dataset.digests)
    near_pairs = near_copies(near, dataset.digests, dataset.splits)
    splits = dataset.splits.tolist()
    labels = [dataset.classes[target] for target in dataset.targets]
    contradictory = [(a, b) for a, b in [*exact_pairs, *near_pairs] if labels[a] != labels[b]]
    report = DataReport(
        name=dataset.name,
        classes=dataset.classes,
        counts=_counts(dataset),
        unreadable=unreadable,
        exact_duplicates=Pairs.of(_told(exact_pairs, dataset.ids, splits)),
        near_duplicates=Pairs.of(_told(near_pairs, dataset.ids, splits)),
        conflicting_labels=tuple(_told(contradictory, dataset.ids, labels)),
        sizes=_sizes(usable),
        notes=dataset.notes,
    )
    return replace(report, warnings=tuple(warnings_of(report)))


def _told(pairs: Sequence[tuple[int, int]], ids: Sequence[str], of: Sequence[str]) -> list[Pair]:
    return [(ids[a], of[a], ids[b], of[b]) for a, b in pairs]


def _counts(dataset: Dataset) -> dict[str, tuple[int, ...]]:
    present = set(dataset.splits.tolist())
    return {
        split: tuple(
            np.bincount(
                dataset.targets[dataset.splits == split], minlength=len(dataset.classes)
            ).tolist()
        )
        for split in (*SPLITS, "")
        if split in present
    }


def _sizes(usable: Sequence[Inspection]) -> Sizes:
    sizes = sorted(((i.width, i.height) for i in usable), key=lambda s: (s[0] * s[1], s))
    return Sizes(sizes[0], sizes[len(sizes) // 2], sizes[-1], len(set(sizes)))

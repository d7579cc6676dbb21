"""The checks before training or judging: every input is looked at, missing splits are cut off."""

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Literal

import numpy as np

from finetrust.core.errors import UserError
from finetrust.data.data_report import DataReport, Pair, Pairs, Sizes
from finetrust.data.data_warnings import warnings_of
from finetrust.data.dataset import SPLITS, Dataset
from finetrust.data.duplicates import exact_copies, near_copies, near_digests, originals
from finetrust.data.findings import Findings
from finetrust.data.index import DataIndex, as_signatures
from finetrust.data.inspection import Inspection, inspect
from finetrust.data.splits import cut_splits

if TYPE_CHECKING:
    from finetrust.tasks.task import Task


def check(
    dataset: Dataset,
    task: "Task",
    *,
    on_error: Literal["skip", "fail"] = "skip",
    workers: int | None = None,
    val_fraction: float = 0.15,
    test_fraction: float = 0.15,
    cut: bool = True,
) -> tuple[Dataset, DataReport, DataIndex]:
    """Read, hash and decode every input once, leave out what is unusable, cut splits off.

    Parameters
    ----------
    dataset : Dataset
        With targets as the task takes them.
    task : Task
    on_error : {"skip", "fail"}
        Whether an unreadable input or an unusable target is left out and reported, or ends it all.
    workers : int, optional
        Threads; by default one for each CPU.
    val_fraction, test_fraction : float
        See :func:`finetrust.data.splits.cut_splits`.
    cut : bool
        Whether the data are for training: missing splits are cut off, and there must be enough to
        train on. Otherwise the splits stay as they are.

    Returns
    -------
    dataset : Dataset
        The usable items with their digests.
    report : DataReport
    index : DataIndex

    Raises
    ------
    UserError
        If nothing is left to work with, or something is unusable and `on_error` is "fail".
    """
    if not len(dataset):
        raise UserError(f"{dataset.name}: there are no items", "Give other data.")
    inspections = inspect(dataset, workers)
    unreadable = {row: found.reason for row, found in enumerate(inspections) if found.reason}
    _refuse(dataset, unreadable, on_error)
    readable = [row for row, found in enumerate(inspections) if not found.reason]
    examined, findings = task.examine(
        dataset.take(readable), [inspections[row].size for row in readable]
    )
    unreadable |= {readable[row]: reason for row, reason in findings.left_out.items()}
    _refuse(dataset, unreadable, on_error)
    left = [row for row in range(len(readable)) if row not in findings.left_out]
    usable = [inspections[readable[row]] for row in left]
    checked = replace(examined.take(left), digests=tuple(found.digest for found in usable))
    signatures = as_signatures(b"".join(found.signature for found in usable), len(usable))
    near = near_digests(checked.digests, signatures, dataset.kind)
    if cut:
        task.refuse(dataset, checked)
        splits = cut_splits(
            task.strata(checked),
            checked.splits,
            checked.digests,
            originals(checked.digests, near),
            val_fraction,
            test_fraction,
        )
        checked = replace(checked, splits=splits)
    figures = np.array([found.figures for found in usable]).reshape(len(usable), -1)
    properties = dict(zip(dataset.kind.properties, figures.T, strict=True))
    index = DataIndex(checked.ids, checked.digests, checked.splits, signatures, properties)
    told = [(dataset.ids[row], reason) for row, reason in sorted(unreadable.items())]
    return checked, _report(checked, task, told, findings, usable, near), index


def _refuse(dataset: Dataset, unreadable: dict[int, str], on_error: str) -> None:
    if not unreadable:
        return
    row = min(unreadable)
    first, reason = dataset.ids[row], unreadable[row]
    if len(unreadable) == len(dataset):
        raise UserError(
            f"{dataset.name}: none of the {len(dataset)} {dataset.kind.plural} can be read, {first} "
            f"for instance ({reason})",
            "Give other data.",
        )
    if on_error == "fail":
        more = f", nor can {len(unreadable) - 1} more" if len(unreadable) > 1 else ""
        raise UserError(
            f"{dataset.name}: {first} cannot be read ({reason}){more}",
            "Mend or delete what is unreadable, or leave it out with --on-error skip.",
        )


def _report(
    dataset: Dataset,
    task: "Task",
    unreadable: list[tuple[str, str]],
    findings: Findings,
    usable: Sequence[Inspection],
    near: Sequence[tuple[str, str]],
) -> DataReport:
    exact_pairs = exact_copies(dataset.digests)
    near_pairs = near_copies(near, dataset.digests, dataset.splits)
    splits = dataset.splits.tolist()
    compared = [*exact_pairs, *(near_pairs if task.near_copies_agree else ())]
    copied = {row for pair in compared for row in pair}
    labels = {row: task.label(dataset.targets[row], dataset.classes) for row in copied}
    contradictory = [(a, b) for a, b in compared if labels[a] != labels[b]]
    report = DataReport(
        name=dataset.name,
        classes=dataset.classes,
        counts=_counts(dataset, task),
        items={split: splits.count(split) for split in (*SPLITS, "") if split in splits},
        unreadable=unreadable,
        problems=tuple(findings.mended),
        exact_duplicates=Pairs.of(_told(exact_pairs, dataset.ids, splits)),
        near_duplicates=Pairs.of(_told(near_pairs, dataset.ids, splits)),
        conflicting_labels=tuple(
            (dataset.ids[a], labels[a], dataset.ids[b], labels[b]) for a, b in contradictory
        ),
        sizes=Sizes.of([found.size for found in usable], dataset.kind),
        inputs=dataset.kind.plural,
        counted=task.counted,
        background=task.background,
        balances=task.balances,
        notes=dataset.notes,
    )
    return replace(report, warnings=tuple(warnings_of(report)))


def _told(pairs: Sequence[tuple[int, int]], ids: Sequence[str], of: Sequence[str]) -> list[Pair]:
    return [(ids[a], of[a], ids[b], of[b]) for a, b in pairs]


def _counts(dataset: Dataset, task: "Task") -> dict[str, tuple[int, ...]]:
    present = set(dataset.splits.tolist())
    return {
        split: tuple(map(int, task.class_counts(dataset.split(split))))
        for split in (*SPLITS, "")
        if split in present
    }

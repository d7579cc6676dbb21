"""Finished runs that are made into one: whether they fit together, and the data they were tuned on."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from finetrust.api.evaluation_data import part_of_run
from finetrust.api.run import Run, load
from finetrust.core.errors import UserError
from finetrust.data.dataset import Dataset
from finetrust.data.index import DataIndex
from finetrust.models.restored import is_average
from finetrust.models.saved import SavedModel
from finetrust.tasks.task import Task, tasks


@dataclass(frozen=True)
class Ingredients:
    """Runs of one task on the same data.

    Parameters
    ----------
    runs : tuple of Run
    """

    runs: tuple[Run, ...]

    @property
    def models(self) -> list[SavedModel]:
        return [run.model for run in self.runs]

    @property
    def first(self) -> SavedModel:
        return self.runs[0].model

    @property
    def task(self) -> Task:
        return tasks.get(self.first.task)

    @property
    def workers(self) -> int | None:
        return self.config.get("workers")

    @property
    def config(self) -> Mapping[str, Any]:
        """How the data are read; of the first run."""
        return self.runs[0].folder.config

    @cached_property
    def validation(self) -> Dataset | None:
        """What all of them were validated on, with digests; None where there were no such data."""
        known = len(_index(self.runs[0]).of_split("val"))
        return self._part("val") if known else None

    def facts(self) -> list[dict[str, Any]]:
        """Return where each of them came from, as JSON values."""
        return [
            {
                "run": str(run.path),
                "strategy": run.folder.record.get("strategy", ""),
                "seed": run.folder.config.get("seed"),
                "validation": run.folder.record.get("validation", {}),
            }
            for run in self.runs
        ]

    def _part(self, split: str) -> Dataset:
        found = part_of_run(self.runs[0], self.task, split)
        if found is None:
            raise UserError(
                f"{self.runs[0].path}: the {split} data it was tuned with cannot be read any more",
                "Restore them where they were.",
            )
        return found


def open_ingredients(
    runs: Sequence[Run | str | Path], what: str, fewest: int, model: str | None
) -> Ingredients:
    """Open runs that are to be made into one.

    Parameters
    ----------
    runs : sequence of Run, str or Path
    what : str
        What they are to become, with its article.
    fewest : int
    model : str or None
        The ``FILE.py:FUNCTION`` that may be run to build the architecture.

    Raises
    ------
    UserError
        If there are too few, one is given twice, was not tuned or is an average already, or they
        differ in task, classes, preprocessing or in the data they were tuned on.
    """
    opened = [run if isinstance(run, Run) else load(run, allow_code=model) for run in runs]
    if len(opened) < fewest:
        raise UserError(
            f"{what} is made of {fewest} runs or more, and {len(opened)} is given",
            "Name more runs.",
        )
    seen: set[Path] = set()
    for run in opened:
        if run.path.resolve() in seen:
            raise UserError(f"{run.path} is given twice", "Name different runs.")
        seen.add(run.path.resolve())
        if not run.folder.data_index_file.exists():
            raise UserError(
                f"{run.path} was not tuned: there are no data that it was trained on",
                "Give folders that finetrust tune wrote.",
            )
        if is_average(run.model.network):
            raise UserError(
                f"{run.path} is an ensemble already", "Give the runs that it was made of."
            )
    for run in opened[1:]:
        _refuse(opened[0], run)
    return Ingredients(tuple(opened))


def _refuse(first: Run, other: Run) -> None:
    """Raise UserError unless the answers of two runs are about the same."""
    ours, theirs = first.model, other.model
    found = [
        ("the task", ours.task, theirs.task),
        ("classes", list(ours.classes), list(theirs.classes)),
        (
            "preprocessing",
            ours.network.preprocessing.to_dict(),
            theirs.network.preprocessing.to_dict(),
        ),
    ]
    for name, mine, its in found:
        if mine != its:
            told = f": {its}, not {mine}" if isinstance(mine, str) else ""
            raise UserError(
                f"{other.path} differs from {first.path} in {name}{told}",
                "Give runs that agree in it.",
            )
    mine, its = (_splits(run) for run in (first, other))
    differing = [digest for digest in {*mine, *its} if mine.get(digest) != its.get(digest)]
    if differing:
        raise UserError(
            f"{other.path} was tuned on other data than {first.path}, or on other splits of them: "
            f"{len(differing)} items differ, so that one was trained on what the other is judged by",
            "Give runs on the same data with the same splits.",
        )


def _index(run: Run) -> DataIndex:
    return DataIndex.load(run.folder.data_index_file)


def _splits(run: Run) -> dict[str, list[str]]:
    """Return the splits that each content lies in."""
    index = _index(run)
    splits: dict[str, list[str]] = {}
    for digest, split in zip(index.digests, map(str, index.splits), strict=True):
        splits.setdefault(digest, []).append(split)
    return {digest: sorted(of) for digest, of in splits.items()}

"""finetrust.select: which pretrained model suits labelled data best, before any training."""

import time
from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from finetrust.api.out_folder import check_writable
from finetrust.api.task_of import task_of
from finetrust.api.versions import versions
from finetrust.config import SelectOptions, TuneOptions, make_options
from finetrust.core.duration import seconds_of
from finetrust.core.errors import UserError
from finetrust.core.progress import quietly, say
from finetrust.data.data_report import DataReport
from finetrust.data.dataset import Dataset
from finetrust.data.duplicates import near_digests, originals
from finetrust.data.index import DataIndex
from finetrust.data.remembered import remembering
from finetrust.data.report import check
from finetrust.data.source import DataOptions, open_dataset
from finetrust.models.device import find_device
from finetrust.selection.budget import Budget
from finetrust.selection.candidate import candidates_of
from finetrust.selection.examination import Setting
from finetrust.selection.filters import Filters
from finetrust.selection.halving import rung_rows
from finetrust.selection.jobs import Workers
from finetrust.selection.observed.observer import Observer, observer_of
from finetrust.selection.order import OBJECTIVES, QUALITY
from finetrust.selection.processes import Processes
from finetrust.selection.race import Race
from finetrust.selection.ray_cluster import ray_cluster
from finetrust.selection.selection import FILE, Selection
from finetrust.tasks.task import Task

DEFAULT_MODELS = {"image": ("timm:top10@50MB",)}
RESULTS = "candidates"
SHARED = ("input_size", "max_length", "trust_remote_code")


def select(
    data: str | Path | Dataset | None = None,
    models: Sequence[str | Mapping[str, Any]] | str | None = None,
    *,
    config: str | Path | None = None,
    quiet: bool = False,
    **options: Any,
) -> Selection:
    """Rank pretrained models by how well they would suit labelled data, without training any.

    Every candidate passes over the training items once (``tune`` reads the same features later); the
    clearly worse are dropped after a part of them. What was found of a candidate is kept in ``out`` as
    soon as it is there: the same call goes on where it was cut off.

    Parameters
    ----------
    data : str, Path or Dataset
        As for :func:`finetrust.tune`.
    models : sequence of str or mapping
        Names as for ``tune``, ``NAME@WEIGHTS-FILE``, patterns such as ``timm:top20@25MB``, or mappings
        with the options of a model.
    config : str or Path, optional
        YAML file with any of the options; those given here win.
    quiet : bool
        Show nothing.
    **options
        The fields of :class:`finetrust.config.SelectOptions`, the same as on the command line. With
        ``jobs`` above 1 a script needs the usual ``if __name__ == "__main__"``.

    Returns
    -------
    Selection

    Raises
    ------
    UserError
        For anything the user can mend, before any long work starts; and if no candidate could be
        examined.
    """
    given = dict(options)
    if models is not None:
        given["models"] = models if isinstance(models, str) else tuple(models)
    if data is not None:
        given["data"] = data.name if isinstance(data, Dataset) else str(data)
    chosen = make_options(SelectOptions, given, Path(config) if config is not None else None)
    if chosen.data is None:
        raise UserError("no data are given", "Name them with --data.")
    with quietly(quiet):
        return _select(chosen, data if isinstance(data, Dataset) else chosen.data)


def default_folder(data: str) -> Path:
    """Return where a selection for these data is saved unless the user says otherwise."""
    return Path("runs") / f"select-{Path(data).name.replace(':', '_')}"


@dataclass(frozen=True, eq=False)
class _Material:
    """The training items, checked: all those of the split by their fingerprint, or some of them."""

    train: Dataset
    groups: tuple[str, ...]
    strata: np.ndarray
    fingerprint: str


def _select(options: SelectOptions, data: str | Dataset) -> Selection:
    start = time.perf_counter()
    budget = Budget(seconds_of(options.budget, "--budget") if options.budget else None)
    device = find_device(options.device)
    opened = open_dataset(data, DataOptions.of(options))
    task_name, task = task_of(opened, options.task)
    observer = observer_of(task_name, task.prepare(opened, options))
    shared = {name: getattr(options, name) for name in SHARED if getattr(options, name)}
    named = "models" in options.model_fields_set
    candidates = candidates_of(options.models if named else _default_models(opened), shared)
    with _workers(options) as workers:
        folder = _folder(options)
        material = _material(task, observer, opened, options)
        setting = Setting(
            task_name,
            material.train if workers.elsewhere else remembering(material.train),
            material.groups,
            str(device),
            options.precision,
            options.seed,
            options.workers,
        )
        filters = Filters(
            options.max_size, options.max_latency, options.max_input_size, options.licences
        )
        n_classes = observer.n_classes(material.train)
        race = Race(setting, n_classes, material.strata, filters, budget, workers, folder / RESULTS)
        entries = race.run(candidates)
    facts = {
        "name": opened.name,
        "fingerprint": material.fingerprint,
        "task": task_name,
        "classes": list(observer.classes(material.train)),
        "n": len(material.train),
        "counted": observer.counted,
    }
    notes = observer.notes(material.train)
    context = {
        "quality": QUALITY,
        "objectives": [name for name, _ in OBJECTIVES],
        "rounds": race.rounds,
        "seconds": round(time.perf_counter() - start, 2),
        "device": str(device),
        "versions": versions(),
        "notes": notes,
    }
    selection = Selection(tuple(entries), facts, context, folder)
    for note in notes:
        say(note)
    selection.save(folder)
    _write_page(selection, folder)
    return selection


def _workers(options: SelectOptions) -> AbstractContextManager[Workers]:
    if options.ray is not None:
        return ray_cluster(options.ray, options.jobs)
    return nullcontext(Processes(options.jobs or 1))


def _default_models(data: Dataset) -> Sequence[str]:
    known = DEFAULT_MODELS.get(data.kind.name)
    if known is None:
        raise UserError(
            f"no models to choose from for {data.kind.plural}",
            "Name them: --models sentence-transformers/all-MiniLM-L6-v2,FOLDER",
        )
    return known


def _folder(options: SelectOptions) -> Path:
    """Return the folder of the results.

    Raises
    ------
    UserError
        If it holds something else, or cannot be written.
    """
    folder = Path(options.out) if options.out else default_folder(str(options.data))
    check_writable(folder)
    ours = {RESULTS, FILE, "selection.html"}
    if folder.is_dir() and any(
        path.name not in ours and not path.name.startswith(".") for path in folder.iterdir()
    ):
        raise UserError(
            f"{folder} holds other files and no selection",
            "Choose an empty or new folder with --out.",
        )
    return folder


def training_items(
    task: Task, opened: Dataset, options: SelectOptions | TuneOptions
) -> tuple[Dataset, DataReport, DataIndex]:
    """Return the training items as ``tune`` would have them, and what the checks found."""
    dataset, report, index = check(
        task.prepare(opened, options),
        task,
        on_error=options.on_error,
        workers=options.workers,
        val_fraction=options.val_fraction,
        test_fraction=options.test_fraction,
    )
    return dataset.split("train"), report, index


def _material(task: Task, observer: Observer, opened: Dataset, options: SelectOptions) -> _Material:
    """Return what candidates are judged by.

    Raises
    ------
    UserError
        If the training items are too few for a choice.
    """
    train, report, index = training_items(task, opened, options)
    say(report)
    fingerprint = train.fingerprint
    near = near_digests(index.digests, index.signatures, train.kind)
    every = train
    if options.items is not None and options.items < len(train):
        train = train.take(rung_rows(task.strata(train), options.items, options.seed))
    try:
        observer.refuse(train)
    except UserError as few:
        observer.refuse(every)
        raise UserError(
            f"--items {options.items} is too few: {few.found}", "Give a larger --items."
        ) from None
    groups = tuple(originals(train.digests, near))
    return _Material(train, groups, task.strata(train), fingerprint)


def _write_page(selection: Selection, folder: Path) -> None:
    from finetrust.report.selection_page import write_selection_page

    write_selection_page(selection, folder)

"""The data that a model is judged on."""

from dataclasses import replace

import numpy as np

from finetrust.api.run import Run
from finetrust.config import DataColumns, EvaluateOptions, make_options
from finetrust.core.errors import UserError
from finetrust.data.dataset import Dataset
from finetrust.data.index import DataIndex
from finetrust.data.source import DataOptions, open_dataset
from finetrust.tasks.task import Task


def evaluation_data(
    options: EvaluateOptions, run: Run | None, data: object
) -> tuple[Dataset, Dataset | None]:
    """Return the items to judge on, and those that the data set aside for validation, if they do.

    Nothing is cut off.

    Parameters
    ----------
    options : EvaluateOptions
    run : Run or None
        Without data of their own, the split that was set aside when it was tuned.
    data : Dataset or anything else
        A data set is taken as it is; whatever else was given stands in `options`.

    Raises
    ------
    UserError
        If there are no data, or no such split.
    """
    if isinstance(data, Dataset):
        opened = data
    elif options.data is not None:
        opened = open_dataset(options.data, DataOptions.of(options))
    elif run is not None:
        return _own_split(options, run), None
    else:
        raise UserError("no data are given", "Name them with --data.")
    named = set(opened.splits.tolist()) - {""}
    split = options.split or ("test" if named else None)
    if split is not None:
        if split not in named:
            found = ", ".join(sorted(named)) or "no splits"
            raise UserError(
                f"{opened.name}: no {split} split; found {found}",
                "Choose one with --split, or name a folder of its own with --data.",
            )
        return opened.split(split), opened.split("val") if {"val"} & named - {split} else None
    return opened, None


def part_of_run(run: Run, task: Task, split: str) -> Dataset | None:
    """Return the items of one split on which a run was tuned, with digests and as the task takes them.

    None where there are none, or they cannot be read any more.
    """
    config, file = run.folder.config, run.folder.data_index_file
    if not file.exists() or "data" not in config:
        return None
    index = DataIndex.load(file).of_split(split)
    digests = dict(zip(index.ids, index.digests, strict=True))
    try:
        known = {key: config[key] for key in DataColumns.model_fields if key in config}
        options = make_options(DataColumns, known)
        opened = open_dataset(config["data"], DataOptions.of_mapping(config))
        rows = [row for row, name in enumerate(opened.ids) if name in digests]
        taken = task.align(task.prepare(opened.take(rows), options), run.model.classes)
    except UserError:
        return None
    if not rows or len(taken) != len(digests):
        return None
    return replace(
        taken,
        splits=np.full(len(taken), split),
        digests=tuple(digests[name] for name in taken.ids),
    )


def _own_split(options: EvaluateOptions, run: Run) -> Dataset:
    """Return the split that was set aside when the run was tuned, with the columns asked for now."""
    config = run.folder.config
    split = options.split or "test"
    index = DataIndex.load(run.folder.data_index_file)
    ids = {i for i, s in zip(index.ids, index.splits, strict=True) if s == split}
    if not ids:
        raise UserError(
            f"{run.path}: the data it was tuned on have no {split} split",
            "Name data that it has not seen with --data; --split val judges it on the data that "
            "chose its best epoch and temperature, which is too kind.",
        )
    named = options.model_fields_set & set(DataColumns.model_fields) - {"data", "task"}
    columns = {**config, **{name: getattr(options, name) for name in named}}
    opened = open_dataset(config["data"], DataOptions.of_mapping(columns))
    rows = [row for row, i in enumerate(opened.ids) if i in ids]
    if len(rows) != len(ids):
        raise UserError(
            f"{config['data']}: {len(ids) - len(rows)} items of the {split} split are gone",
            "Restore the data, or name others with --data.",
        )
    taken = opened.take(rows)
    return replace(taken, splits=np.full(len(rows), split))

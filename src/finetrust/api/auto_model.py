"""``finetrust tune --model auto``: the best model of a selection, saved or made now."""

import os
import re
from pathlib import Path

from finetrust.api.select import default_folder, select, training_items
from finetrust.api.task_of import task_of
from finetrust.config import DataColumns, SelectOptions, TuneOptions
from finetrust.core.errors import UserError
from finetrust.core.progress import say
from finetrust.data.dataset import Dataset
from finetrust.data.source import DataOptions, open_dataset
from finetrust.models.source import find_architecture
from finetrust.selection.entry import Entry
from finetrust.selection.selection import FILE, Selection
from finetrust.tuning.plan import read_plan

AUTO = "auto"
SURGICAL = "surgical"


def is_auto(model: str | None) -> bool:
    """Return whether a model is to be chosen: ``auto``, ``auto:FOLDER`` or ``auto:NAME,NAME``."""
    return model is not None and (model == AUTO or model.startswith(f"{AUTO}:"))


def with_chosen_model(options: TuneOptions, data: str | Path | Dataset | None) -> TuneOptions:
    """Return the options with the model that suits the data best, where it is to be chosen.

    ``auto`` takes the selection that ``finetrust select`` has saved for these data, or makes one among
    its default models; ``auto:FOLDER`` takes that of a folder; ``auto:NAME,NAME`` chooses among these.
    ``surgical`` without a number of blocks then trains as many as stand above the first layer whose probe
    was as good as the best, one at least: those know more of the source than of the data. Which ones is
    its own choice.

    Parameters
    ----------
    options : TuneOptions
    data : str, Path, Dataset or None
        As given to ``tune``; None for what the options name.

    Raises
    ------
    UserError
        If the selection of a folder is of other data, weights are named beside ``auto``, no model could
        be examined, or there are several processes.
    """
    if not is_auto(options.model):
        return options
    if {"weights", "model_args"} & options.model_fields_set:
        raise UserError(
            "--model auto chooses the weights too", "Leave --weights and --model-args out."
        )
    if int(os.environ.get("WORLD_SIZE", "1")) > 1:
        raise UserError(
            "--model auto chooses in one process, and there are several",
            "Choose first: finetrust select; then name its best model.",
        )
    source = data if isinstance(data, Dataset) else str(options.data)
    named = str(options.model).removeprefix(AUTO).removeprefix(":")
    best = _selection(options, source, named).best
    say(f"Model: {best.name} ({best.why}).")
    own = {name: value for name, value in best.options.items() if name in TuneOptions.model_fields}
    return _with_blocks(options.model_copy(update=own), best)


def without_blocks(strategy: str) -> str:
    """Return a strategy as it was before the number of blocks that surgical trains was chosen."""
    return re.sub(rf"\b{SURGICAL}\(blocks=\d+\)", SURGICAL, strategy)


def _with_blocks(options: TuneOptions, best: Entry) -> TuneOptions:
    """Return the options with the number of blocks that surgical trains, where nobody has named it."""
    depth = best.result.get("depth", {})
    surgical = read_plan(options.strategy).added.get(SURGICAL)
    if "train_top" not in depth or surgical is None or surgical.model_fields_set:
        return options
    blocks = max(1, min(depth["train_top"], depth["layers"] - 1))
    said = f"{SURGICAL}(blocks={blocks})"
    say(
        f"{said}: by the probes {depth['train_top']} of {depth['layers']} layers stand above "
        f"{depth['cut']}, which is about as good as any."
    )
    strategy = re.sub(rf"\b{SURGICAL}\b(\s*\(\s*\))?", said, options.strategy)
    return options.model_copy(update={"strategy": strategy})


def _selection(options: TuneOptions, source: str | Dataset, named: str) -> Selection:
    folder = Path(named) if named else default_folder(str(options.data))
    if (folder / FILE).exists():
        saved = Selection.load(folder)
        if _fingerprint(options, source) == saved.data["fingerprint"]:
            return saved
        if named:
            raise UserError(
                f"{folder}: the selection was made for other training items",
                "Select again: finetrust select.",
            )
    if named and "," not in named:
        _refuse_nothing(named)
    shared = ("data", "val_fraction", "test_fraction", "input_size", "max_length")
    columns = (*DataColumns.model_fields, *shared, "trust_remote_code", "device", "precision")
    given = {
        name: getattr(options, name)
        for name in (*columns, "workers", "seed")
        if name in options.model_fields_set and name in SelectOptions.model_fields
    }
    given.pop("data", None)
    models = named.split(",") if named else None
    return select(source, models, **given)


def _refuse_nothing(named: str) -> None:
    """Raise UserError for what is no folder, no pattern and no model but, maybe, one of a hub."""
    if Path(named).exists() or "@" in named:
        return
    try:
        if find_architecture(named, {}).source != "transformers":
            return
        mend = f"If it is a model of Hugging Face's hub: --model {named}"
    except UserError as error:
        mend = error.mend
    raise UserError(f"{named} is neither a folder of finetrust select nor a model", mend)


def _fingerprint(options: TuneOptions, source: str | Dataset) -> str:
    opened = open_dataset(source, DataOptions.of(options))
    _, task = task_of(opened, options.task)
    train, _, _ = training_items(task, opened, options)
    return train.fingerprint

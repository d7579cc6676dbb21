"""What a run of ``finetrust tune`` is asked to do: given options, those of a file, and what they rule out."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from finetrust.api.auto_model import is_auto, with_chosen_model, without_blocks
from finetrust.api.task_of import refuse_calibration
from finetrust.config import TuneOptions, flag_of, make_options
from finetrust.core.errors import UserError
from finetrust.core.run_folder import RunFolder
from finetrust.data.dataset import Dataset
from finetrust.data.images.augmentations.augment import read_augment
from finetrust.tasks.task import TASK_OPTIONS, Task
from finetrust.tuning.plan import read_plan
from finetrust.tuning.recipe import read_recipe


def options_of(
    given: dict[str, Any],
    config: str | Path | None,
    resume: bool,
    data: str | Path | Dataset | None,
) -> TuneOptions:
    """Return the options of a run, its model and its folder among them.

    Parameters
    ----------
    given : dict
        Options by name.
    config : str or Path, optional
        File with others; those given win.
    resume : bool
        Whether a run in the folder goes on, with its own options where none are given.
    data : str, Path or Dataset, optional
        To choose a model for, where ``auto`` is given.

    Raises
    ------
    UserError
        For options that are unknown, impossible or missing.
    """
    file = Path(config) if config is not None else None
    options = make_options(TuneOptions, given, file)
    auto = is_auto(options.model)
    if not resume:
        return _settled(options, data)
    if options.out is None:
        options = _settled(options, data)
    folder = RunFolder(Path(str(options.out)))
    if folder.config_file.exists():
        kept = {**folder.config, "out": str(folder.path)}
        own = {**given, **_chosen_before(options, kept)} if auto else given
        options = make_options(TuneOptions, own, file, kept)
    elif options.model is None:
        raise UserError(
            f"{folder.path}: there is no run to go on with",
            "Name its folder with --out, or begin one: --model and --data.",
        )
    return _settled(options, data)


def _chosen_before(options: TuneOptions, kept: Mapping[str, Any]) -> dict[str, Any]:
    """Return what ``auto`` chose when the run began."""
    chosen = {"model": kept["model"]}
    if without_blocks(kept["strategy"]) == without_blocks(read_plan(options.strategy).text):
        chosen["strategy"] = kept["strategy"]
    return chosen


def _settled(options: TuneOptions, data: str | Path | Dataset | None) -> TuneOptions:
    """Return the options with the model and the folder, where they are not named."""
    if options.model is None:
        raise UserError("no model is given", "Name one with --model.")
    if options.data is None:
        raise UserError("no data are given", "Name them with --data.")
    options = with_chosen_model(options, data)
    plan, by_recipe = read_plan(options.strategy), "strategy" not in options.model_fields_set
    if options.recipe is not None:
        read_recipe(options.recipe)
    how = options.recipe if options.recipe is not None and by_recipe else plan.slug
    parts = (Path(str(options.model)).name, how, Path(str(options.data)).name)
    name = "-".join(p.replace(":", "_") for p in parts)
    return spelled_out(options).model_copy(update={"out": options.out or f"runs/{name}"})


def spelled_out(options: TuneOptions) -> TuneOptions:
    """Return `options` with what is given of strategy and augmentation as it is recorded."""
    augment = options.augment and read_augment(options.augment).text
    spelled = {"strategy": read_plan(options.strategy).text, "augment": augment}
    given = {name: text for name, text in spelled.items() if name in options.model_fields_set}
    return options.model_copy(update=given)


def refuse_options(options: TuneOptions, task: Task, name: str) -> None:
    """Raise UserError for an option that the task would not heed."""
    if options.augment is not None:
        read_augment(options.augment).check(task.changes, name)
    refuse_calibration(options, task, name)
    for option in TASK_OPTIONS:
        value = getattr(options, option)
        if option not in task.options and value != TuneOptions.model_fields[option].default:
            flag = flag_of(option)
            raise UserError(f"{flag} {value} means nothing for {name}", f"Leave {flag} out.")

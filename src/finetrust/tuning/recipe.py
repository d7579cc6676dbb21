"""A recipe: values for options of ``finetrust tune``, each with its reason and its source."""

from collections.abc import Mapping
from dataclasses import dataclass
from importlib.resources import as_file, files
from typing import Any

from finetrust.config import TuneOptions, make_options, read_yaml
from finetrust.core.errors import UserError
from finetrust.core.nearest import did_you_mean
from finetrust.tasks.task import Task

_FOLDER = "finetrust.tuning.recipes"
_ENDING = ".yaml"


@dataclass(frozen=True)
class Choice:
    """Values that are one decision.

    Parameters
    ----------
    values : mapping of str to Any
        By the name of the option.
    fits : tuple of str
        Tasks by name, or kinds of input by their plural (``"images"``); empty for all.
    reason : str
        Why these values.
    source : str
        The paper and section, the script, or the benchmark that they come from.
    """

    values: Mapping[str, Any]
    fits: tuple[str, ...]
    reason: str
    source: str


@dataclass(frozen=True)
class Recipe:
    """Choices that belong together.

    Parameters
    ----------
    name : str
    summary : str
        What it is for, in a sentence.
    fits : tuple of str
        Tasks by name, or kinds of input by their plural; empty for all.
    choices : tuple of Choice
        A later one overrides an earlier one.
    """

    name: str
    summary: str
    fits: tuple[str, ...]
    choices: tuple[Choice, ...]

    def values(self, task_name: str, task: Task) -> dict[str, Any]:
        """Return its values for a task, by the name of the option.

        Raises
        ------
        UserError
            If the recipe is not made for the task.
        """
        if not _fit(self.fits, task_name, task):
            raise UserError(
                f"recipe '{self.name}' is made for {', '.join(self.fits)}, not for {task_name}",
                "Choose another one: finetrust recipes.",
            )
        fitting = [choice for choice in self.choices if _fit(choice.fits, task_name, task)]
        return {option: value for choice in fitting for option, value in choice.values.items()}


def recipe_names() -> list[str]:
    """Return the names of all recipes, sorted."""
    found = (entry.name for entry in files(_FOLDER).iterdir())
    return sorted(name.removesuffix(_ENDING) for name in found if name.endswith(_ENDING))


def read_recipe(name: str) -> Recipe:
    """Return the recipe called `name`.

    Raises
    ------
    UserError
        If there is none; the nearest name is suggested.
    """
    known = recipe_names()
    if name not in known:
        raise UserError(
            f"unknown recipe '{name}'",
            f"{did_you_mean(name, known)} Known: {', '.join(known)}.".strip(),
        )
    with as_file(files(_FOLDER).joinpath(f"{name}{_ENDING}")) as path:
        read = read_yaml(path)
    choices = tuple(
        Choice(
            {option.replace("-", "_"): value for option, value in given["set"].items()},
            tuple(given.get("for", ())),
            given["reason"],
            given["source"],
        )
        for given in read["choices"]
    )
    return Recipe(name, read["summary"], tuple(read.get("for", ())), choices)


def with_recipe(options: TuneOptions, task_name: str, task: Task) -> TuneOptions:
    """Return `options` with the values of their recipe where the user has said nothing.

    An option is the user's where it was given in Python, on the command line or in a configuration file,
    even if it was given its default.

    Raises
    ------
    UserError
        If there is no such recipe, or it is not made for the task.
    """
    if options.recipe is None:
        return options
    own = {name: getattr(options, name) for name in options.model_fields_set}
    return make_options(TuneOptions, {**read_recipe(options.recipe).values(task_name, task), **own})


def _fit(fits: tuple[str, ...], task_name: str, task: Task) -> bool:
    return not fits or task_name in fits or task.kind.plural in fits

"""What all trials of a search have in common, and which combinations make sense with it."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from torch import nn

from finetrust.api.task_of import task_of
from finetrust.api.tune_options import refuse_options
from finetrust.config import SearchOptions, TuneOptions, flag_of, make_options, read_yaml
from finetrust.core.errors import UserError
from finetrust.data.dataset import Dataset
from finetrust.data.source import DataOptions, open_dataset
from finetrust.models.preprocessing import Preprocessing
from finetrust.tasks.task import Task
from finetrust.tuning.plan import read_plan
from finetrust.tuning.recipe import with_recipe
from finetrust.tuning.search.default_space import default_space
from finetrust.tuning.search.objective import Objective, read_objectives
from finetrust.tuning.search.read_space import read_space
from finetrust.tuning.search.space import Space

MOST_COMBINATIONS = 500
"""Combinations of strategy and additions that are looked at before anything runs."""


@dataclass(frozen=True)
class SearchSetting:
    """What is given to a search.

    Parameters
    ----------
    options : SearchOptions
    common : mapping
        The options of ``finetrust tune`` that the user gave: the same for every trial.
    task_name : str
    task : Task
    dataset : Dataset (n,)
        As it was opened, with targets as the task takes them.
    given : Dataset or None
        The data set, if it was given in Python and not by name.
    module : nn.Module or None
    preprocessing : Preprocessing or None
    """

    options: SearchOptions
    common: Mapping[str, Any]
    task_name: str
    task: Task
    dataset: Dataset
    given: Dataset | None
    module: nn.Module | None
    preprocessing: Preprocessing | None

    @classmethod
    def of(
        cls,
        options: SearchOptions,
        data: object,
        module: nn.Module | None,
        preprocessing: Preprocessing | None,
    ) -> "SearchSetting":
        """Open the data, find the task, and check what is common to all trials.

        Raises
        ------
        UserError
            If the data cannot be opened, or the task would not heed an option.
        """
        names = set(TuneOptions.model_fields) & options.model_fields_set - {"out"}
        given = data if isinstance(data, Dataset) else None
        opened = open_dataset(
            str(options.data) if given is None else given, DataOptions.of(options)
        )
        task_name, task = task_of(opened, options.task)
        dataset = task.prepare(opened, options)
        common = {
            name: getattr(options, name) for name in TuneOptions.model_fields if name in names
        }
        setting = cls(options, common, task_name, task, dataset, given, module, preprocessing)
        refuse_options(setting.settled({}), task, task_name)
        return setting

    @property
    def headline(self) -> str:
        """The measure by which the task is judged first."""
        return self.task.headlines.get("accuracy", self.task.primary)

    @property
    def objectives(self) -> tuple[Objective, ...]:
        """What the user is after."""
        return read_objectives(self.options.maximize, self.options.minimize, self.headline)

    @property
    def recorded(self) -> dict[str, Any]:
        """What is common to all trials, as JSON values."""
        options = make_options(TuneOptions, self.common)
        return options.model_dump(mode="json", exclude_unset=True)

    def settled(self, drawn: Mapping[str, Any]) -> TuneOptions:
        """Return the options of a trial, with what a recipe adds to them."""
        options = make_options(TuneOptions, {**self.common, **drawn})
        return with_recipe(options, self.task_name, self.task)

    def check(self, drawn: Mapping[str, Any]) -> None:
        """Raise UserError for options of a trial that make no sense, before it is trained."""
        options = self.settled(drawn)
        refuse_options(options, self.task, self.task_name)
        read_plan(options.strategy).check(options, self.task, self.dataset)

    def space(self, file: Path | None) -> Space:
        """Return the space in a file of the user's, or the one that suits the task.

        Raises
        ------
        UserError
            If the space is not valid, varies what is given, or no strategy makes sense.
        """
        if file is None:
            return default_space(
                self.task,
                self.settled({}),
                self.common,
                lambda text: self.check({"strategy": text}),
            )
        space = read_space(read_yaml(file), file)
        twice = next((name for name in space.dimensions if name in self.common), None)
        if twice is not None:
            raise UserError(
                f"{twice} is given, and {file} varies it",
                f"Leave {flag_of(twice)} out, or {twice} in the file.",
            )
        return space

    def check_space(self, space: Space) -> list[str]:
        """Return what is to be said of combinations that make no sense.

        Raises
        ------
        UserError
            If no strategy makes sense with any choice of additions.
        """
        refused: list[UserError] = []
        number = 0
        for number, text in enumerate(space.combinations(self.settled({})), start=1):
            if number > MOST_COMBINATIONS:
                return []
            try:
                self.check({"strategy": text})
            except UserError as error:
                refused.append(error)
        if refused and len(refused) == number:
            raise UserError(
                f"no combination of the space makes sense; the first one: {refused[0].found}",
                refused[0].mend,
            )
        if not refused:
            return []
        return [
            f"{len(refused)} of {number} combinations of strategy and additions make no sense here and "
            f"are left out, the first one because {refused[0].found}."
        ]

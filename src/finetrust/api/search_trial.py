"""Training one trial of a search, and judging it on validation data."""

import time
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from finetrust.api.evaluate import evaluate
from finetrust.api.run import Run
from finetrust.api.search_setting import SearchSetting
from finetrust.api.tune import tune
from finetrust.core.errors import UserError
from finetrust.core.profile import TrustProfile
from finetrust.core.run_folder import RunFolder
from finetrust.data.dataset import Dataset
from finetrust.data.index import DataIndex
from finetrust.report.numbers import counted
from finetrust.tuning.search.curves import KEPT_OF_ONE, KEPT_OF_SEVERAL, Curve, curve_of, is_behind
from finetrust.tuning.search.objective import Objective
from finetrust.tuning.search.trial import Figure, SearchTrial


class AbsentObjectiveError(UserError):
    """An objective has no value for a run."""


class _Stopped(Exception):  # noqa: N818 (an outcome, not a fault)
    """Raised within a run to end it: its learning curve is behind."""


class TrialRunner:
    """Trains and judges the trials of a search.

    Parameters
    ----------
    setting : SearchSetting
    """

    def __init__(self, setting: SearchSetting) -> None:
        self._setting, self._objectives = setting, setting.objectives
        self._challenges: set[str] = set()
        self._figure = f"val_{setting.task.primary}"
        self.kept = self._kept_percent()

    def carry_out(self, trial: SearchTrial, folder: Path, peers: Sequence[Curve]) -> SearchTrial:
        """Return a trial with what came of it.

        Parameters
        ----------
        trial : SearchTrial
        folder : Path
            Its run; one that was killed goes on.
        peers : sequence of mapping of int to float
            Learning curves of finished trials of its kind.

        Raises
        ------
        AbsentObjectiveError
            If an objective does not apply.
        """
        start = time.perf_counter()
        home = RunFolder(folder)
        try:
            run = self._tuned(trial, home, peers)
            trial = replace(trial, state="finished", figures=self._figures(run))
        except _Stopped as stop:
            home.write_record(status="stopped", reason=str(stop))
            home.drop_checkpoints()
            trial = replace(trial, state="stopped", reason=str(stop))
        except AbsentObjectiveError:
            raise
        except Exception as error:
            trial = replace(trial, state="failed", reason=_said(error))
        seconds = round(time.perf_counter() - start, 2)
        return replace(trial, curve=curve_of(home.log, self._figure), seconds=seconds)

    def _tuned(self, trial: SearchTrial, home: RunFolder, peers: Sequence[Curve]) -> Run:
        setting, kept = self._setting, self.kept

        def judge(_: Mapping[str, Any]) -> None:
            curve = curve_of(home.log, self._figure)
            if kept is not None and is_behind(curve, peers, kept):
                raise _Stopped(
                    f"after {counted(len(curve), 'epoch', 'epochs')} {setting.task.primary} was below "
                    f"that of {kept:g} % of the {len(peers)} trials of its kind"
                )

        options: dict[str, Any] = {**setting.common, **trial.options, "out": str(home.path)}
        if setting.module is not None:
            options["model"] = setting.module
        if setting.given is not None:
            options["data"] = setting.given
        return tune(
            **options,
            preprocessing=setting.preprocessing,
            resume=True,
            quiet=True,
            on_epoch=judge,
        )

    def _figures(self, run: Run) -> dict[str, Figure]:
        """Return the objectives of a run on its validation data.

        Challenges, such as damaged inputs, are put to it where an objective rests on them.
        """
        setting = self._setting
        data = None if setting.given is None else items_of(run, setting.given, "val")
        while True:
            profile = evaluate(
                run,
                data,
                model=setting.module,
                split="val",
                trials=tuple(sorted(self._challenges)) or ("none",),
                effort=setting.options.effort,
                pictures=0,
                protected_columns=setting.options.protected_columns,
                device=setting.options.device,
                workers=setting.options.workers,
                seed=setting.options.seed,
                quiet=True,
            )
            more = self._lacking(profile) - self._challenges
            if not more:
                return {
                    objective.key: _figure(profile, objective) for objective in self._objectives
                }
            self._challenges |= more

    def _lacking(self, profile: TrustProfile) -> set[str]:
        """Return the challenges for want of which an objective has no value."""
        # A part, such as one corruption, is not listed before its whole was measured.
        names = {o.key if o.key in profile else o.definition.name for o in self._objectives}
        reasons = {profile[name].reason for name in names if name in profile}
        untried: Mapping[str, str] = profile.context["untried"]
        return {name for name, reason in untried.items() if reason in reasons}

    def _kept_percent(self) -> float | None:
        """Return the percent of its peers among which a trial must be to go on, or None.

        Where the learning curve shows none of the objectives it is no reason to stop a trial.
        """
        shown = {self._setting.headline, self._setting.task.primary}
        if not self._setting.options.prune or not shown & {o.key for o in self._objectives}:
            return None
        return KEPT_OF_ONE if len(self._objectives) == 1 else KEPT_OF_SEVERAL


def items_of(run: Run, data: Dataset, split: str) -> Dataset:
    """Return the items of a data set in memory that were set aside as a split when a run was tuned."""
    known = set(DataIndex.load(run.folder.data_index_file).of_split(split).ids)
    rows = [row for row, name in enumerate(data.ids) if name in known]
    return replace(data.take(rows), splits=np.full(len(rows), split))


def _said(error: Exception) -> str:
    """Return what an error says, on one line; of one that is not meant for users also its kind."""
    kind = "" if isinstance(error, UserError | RuntimeError) else f"{type(error).__name__}: "
    return kind + " ".join(str(error).split())


def _figure(profile: TrustProfile, objective: Objective) -> Figure:
    mend = "Name another measure, and another --out."
    if objective.key not in profile:
        raise AbsentObjectiveError(
            f"{objective.key} was not measured: the data have no such part", mend
        )
    measure = profile[objective.key]
    if measure.value is None or measure.ci_low is None or measure.ci_high is None:
        raise AbsentObjectiveError(f"{objective.key} does not apply: {measure.reason}", mend)
    return Figure(measure.value, measure.ci_low, measure.ci_high, measure.n)

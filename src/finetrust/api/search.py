"""finetrust.search: many fine-tunings under a budget, judged by several measures on validation data."""

import os
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial
from operator import attrgetter
from pathlib import Path
from typing import Any

from torch import nn

from finetrust.api.search_folder import SearchFolder
from finetrust.api.search_setting import SearchSetting
from finetrust.api.search_trial import AbsentObjectiveError, TrialRunner
from finetrust.config import SearchOptions, make_options
from finetrust.core.duration import seconds_of
from finetrust.core.errors import UserError
from finetrust.core.progress import quietly, say, track
from finetrust.data.dataset import Dataset
from finetrust.models.preprocessing import Preprocessing
from finetrust.report.numbers import duration
from finetrust.report.search_words import told
from finetrust.tuning.search.budget import Budget
from finetrust.tuning.search.claim import Claim
from finetrust.tuning.search.optuna_library import optuna_library
from finetrust.tuning.search.search import Search
from finetrust.tuning.search.study import SearchStudy
from finetrust.tuning.search.trial import SearchTrial

DRAWS = 30
"""So many combinations in a row that make no sense or are known end a search; the second half is drawn
evenly, not where it looks best."""

FAILURES = 3
"""So many failures of the first trials end a search."""


def search(
    model: str | nn.Module | None = None,
    data: str | Path | Dataset | None = None,
    *,
    config: str | Path | None = None,
    preprocessing: Preprocessing | None = None,
    resume: bool = False,
    quiet: bool = False,
    **options: Any,
) -> Search:
    """Search strategies and hyper-parameters under a budget, for one measure or several.

    Every trial is an ordinary run in ``trials/NUMBER`` of the folder; it is judged on validation data,
    and never on test data. Features of a frozen backbone are computed once for all trials.

    Parameters
    ----------
    model, data, config, preprocessing
        As in :func:`finetrust.tune`.
    resume : bool
        Go on with the search in `out`, if there is one: what is finished is not repeated, and a trial
        that was killed goes on where it was.
    quiet : bool
        Show nothing.
    **options
        The fields of :class:`finetrust.config.SearchOptions`: those of ``tune`` are the same for all
        trials.

    Returns
    -------
    Search

    Raises
    ------
    UserError
        For anything the user can mend, before any long work starts; and where the first trials all
        fail.
    """
    given = dict(options)
    if model is not None:
        given["model"] = model if isinstance(model, str) else f"python:{type(model).__name__}"
    if data is not None:
        given["data"] = data.name if isinstance(data, Dataset) else str(data)
    module = None if isinstance(model, str) else model
    with quietly(quiet):
        return _Searching(
            _options(given, config, resume), data, module, preprocessing, resume
        ).run()


def _options(given: dict[str, Any], config: str | Path | None, resume: bool) -> SearchOptions:
    file = Path(config) if config is not None else None
    options = _with_folder(make_options(SearchOptions, given, file))
    if resume and options.out is not None:
        kept = SearchFolder(Path(options.out)).options()
        if not kept and options.model is None:
            raise UserError(
                f"{options.out}: there is no search to go on with",
                "Name its folder with --out, or begin one: --model and --data.",
            )
        options = _with_folder(make_options(SearchOptions, given, file, kept))
    if options.model is None:
        raise UserError("no model is given", "Name one with --model.")
    if options.data is None:
        raise UserError("no data are given", "Name them with --data.")
    if options.trials is None and options.budget is None:
        raise UserError(
            "a search needs an end",
            "Give --trials 40, or --budget 2h, or both; the first one ends it.",
        )
    return options


def _with_folder(options: SearchOptions) -> SearchOptions:
    """Return the options with the folder, where it is not named and the model and the data are."""
    if None in (options.model, options.data) or options.out is not None:
        return options
    parts = (Path(str(options.model)).name, Path(str(options.data)).name)
    name = "-".join(part.replace(":", "_") for part in ("search", *parts))
    return options.model_copy(update={"out": f"runs/{name}"})


class _Searching:
    """A search under way."""

    def __init__(
        self,
        options: SearchOptions,
        data: str | Path | Dataset | None,
        module: nn.Module | None,
        preprocessing: Preprocessing | None,
        resume: bool,
    ) -> None:
        optuna_library()
        if int(os.environ.get("WORLD_SIZE", "1")) > 1:
            raise UserError(
                "a trial is trained by one process",
                "Start the same search several times with --resume, one process for each device.",
            )
        seconds = None if options.budget is None else seconds_of(options.budget, "--budget")
        self.budget = Budget(options.trials, seconds)
        self.options = options
        self.setting = SearchSetting.of(options, data, module, preprocessing)
        self.objectives = self.setting.objectives
        self.runner = TrialRunner(self.setting)
        self.folder = SearchFolder(Path(str(options.out)))
        self.folder.check(resume)
        self.space = self.setting.space(self._space_file(resume))
        self.notes = [*self.setting.check_space(self.space), *self._caveats()]
        if not self.folder.options_file.exists():
            self.folder.keep(options, self.space)
        self.study = self._study()
        self.folder.keep(options, self.space)
        self.began = time.perf_counter()
        here = (t.seconds for t in self._begun() if self.folder.trial(t.number).exists())
        self.earlier = sum(here)

    def run(self) -> Search:
        """Carry out trials until the budget is spent, or nothing new is drawn."""
        total = self.budget.seconds
        weight: Callable[[SearchTrial], float] | None = attrgetter("seconds")
        if self.budget.trials is not None and total is None:
            ended = [trial for trial in self._begun() if trial.state != "running"]
            total, weight = float(self.budget.trials - len(ended)), None
        for _ in track(self._trials(), "search", total, weight):
            self._write()
        return self._write()

    def _trials(self) -> Iterator[SearchTrial]:
        """Carry out trial after trial: those that were killed, then new ones."""
        for number in self.study.unfinished():
            with Claim(self.folder.trial(number)) as claim:
                # Of a storage that machines share, only what was begun in this folder is its own.
                mine = self.options.storage is None or claim.exists
                if mine and claim.take() and number in self.study.unfinished():
                    yield from self._carried_out(number)
        while self._may_go_on():
            number = self.study.begin()
            with Claim(self.folder.trial(number)) as claim:
                if claim.take():
                    yield from self._carried_out(number)

    def _may_go_on(self) -> bool:
        last = [trial.state for trial in self.study.trials()[-DRAWS:]]
        if last == ["refused"] * DRAWS:
            say(
                f"The last {DRAWS} combinations that were drawn make no sense or are known: there is "
                "nothing new to try."
            )
            return False
        return self.budget.allows(len(self._begun()), self._spent(), self._durations())

    def _carried_out(self, number: int) -> Iterator[SearchTrial]:
        """Draw a trial and carry it out, unless it is refused."""
        trial = self._drawn(number)
        refusal = self._refusal(trial)
        if refusal:
            self.study.keep(replace(trial, state="refused", reason=refusal))
            return
        self.study.keep(trial)
        left = self.budget.left(len(self._begun()) - 1, self._spent(), self._durations())
        rest = "" if left is None else f" (about {duration(left)} left)"
        say(f"Trial {number}: {told(trial.options)}{rest}")
        trial = self._judged(trial)
        self.study.keep(trial)
        say(f"Trial {number}: {_outcome(trial)}")
        yield trial
        self._check_failures()

    def _drawn(self, number: int) -> SearchTrial:
        earlier = [trial.state for trial in self.study.trials() if trial.number < number]
        refused = next(
            (i for i, state in enumerate(reversed(earlier)) if state != "refused"), len(earlier)
        )
        options = self.space.draw(
            partial(self.study.suggest, number, blind=refused >= DRAWS // 2),
            self.setting.settled({}),
            self.setting.task.defaults,
        )
        return SearchTrial(number, "running", options)

    def _refusal(self, trial: SearchTrial) -> str:
        """Return why a combination is not worth a training, or nothing."""
        for other in self._begun():
            if other.options == trial.options and other.number < trial.number:
                return f"it is the same as trial {other.number}"
        try:
            self.setting.check(trial.options)
        except UserError as error:
            return error.found
        return ""

    def _judged(self, trial: SearchTrial) -> SearchTrial:
        """Return a trial with what came of it.

        A measure that does not apply ends the search, unless it has applied before.
        """
        finished = [other for other in self._begun() if other.state == "finished"]
        peers = [other.curve for other in finished if other.kind == trial.kind]
        try:
            return self.runner.carry_out(trial, self.folder.trial(trial.number), peers)
        except AbsentObjectiveError as lack:
            if not finished:
                raise
            return replace(trial, state="failed", reason=lack.found)

    def _check_failures(self) -> None:
        ended = [trial for trial in self._begun() if trial.state != "running"]
        first = ended[:FAILURES]
        if len(first) == FAILURES and all(trial.state == "failed" for trial in first):
            self._write()
            raise UserError(
                f"the first {FAILURES} trials failed, the last one thus: {first[-1].reason.rstrip('.')}",
                "Mend it, and search again with another --out.",
            )

    def _begun(self) -> list[SearchTrial]:
        return [trial for trial in self.study.trials() if trial.state != "refused"]

    def _spent(self) -> float:
        return self.earlier + time.perf_counter() - self.began

    def _durations(self) -> list[float]:
        return [trial.seconds for trial in self._begun() if trial.state == "finished"]

    def _space_file(self, resume: bool) -> Path | None:
        """Return the file with the space: the one that is given, or that of the search to go on with."""
        if self.options.space is not None:
            return Path(self.options.space)
        kept = self.folder.space_file
        return kept if resume and kept.exists() else None

    def _study(self) -> SearchStudy:
        free = ("workers", "device")
        facts = {
            "objectives": [[objective.key, objective.direction] for objective in self.objectives],
            "space": self.space.to_dict(),
            "options": {k: v for k, v in self.setting.recorded.items() if k not in free},
            "seed": self.options.seed,
            "effort": self.options.effort,
            "prune": self.options.prune,
        }
        return SearchStudy(
            self.options.storage or self.folder.storage(),
            self.folder.path.resolve().name,
            self.objectives,
            facts,
            self.options.seed,
            self.space.default(self.setting.settled({}), self.setting.task.defaults),
        )

    def _write(self) -> Search:
        """Write all that is known to the folder, and return it."""
        found = Search(
            path=self.folder.path,
            objectives=self.objectives,
            trials=tuple(self.study.trials()),
            space=self.space.to_dict(),
            options=self.setting.recorded,
            task=self.setting.task_name,
            seed=self.options.seed,
            finals=self.folder.finals(),
            notes=tuple(self.notes),
        )
        self.folder.write(found)
        return found

    def _caveats(self) -> Iterator[str]:
        if self.options.prune and self.runner.kept is None:
            yield "No trial was stopped early: learning curves show none of the objectives."
        if any(objective.definition.topic == "calibration" for objective in self.objectives):
            yield (
                "Calibration was fitted on the very validation data that judge it: its error is too kind, "
                "for all trials alike."
            )


def _outcome(trial: SearchTrial) -> str:
    if trial.state != "finished":
        return f"{trial.state}: {trial.reason}"
    found = (f"{key} {figure.value:.4g}" for key, figure in trial.figures.items())
    return f"{', '.join(found)} on validation data, {duration(trial.seconds)}"

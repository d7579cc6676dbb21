"""The trials in Optuna's storage: shared by all processes of a search, and whole after any kill."""

import zlib
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np

from finetrust.core.errors import UserError
from finetrust.tuning.search.objective import Objective
from finetrust.tuning.search.optuna_library import optuna_library
from finetrust.tuning.search.space import Choice, Dimension
from finetrust.tuning.search.trial import SearchTrial

_TRIAL, _FACTS = "finetrust_trial", "finetrust_search"


class SearchStudy:
    """A study of Optuna that holds a search.

    What is drawn depends on the seed, the number of the trial, the dimension and the trials that are
    finished, and on nothing else: a search that was killed draws what it would have drawn.

    Parameters
    ----------
    url : str
        As SQLAlchemy takes it, e.g. ``sqlite:///search.db``.
    name : str
        Of the study in the storage.
    objectives : sequence of Objective
    facts : mapping
        JSON values by which it is told whether a study of that name is the same search.
    seed : int
    first : mapping
        Values of the first trial, by dimension.

    Raises
    ------
    UserError
        If the storage cannot be reached, or holds another search of that name.
    """

    def __init__(
        self,
        url: str,
        name: str,
        objectives: Sequence[Objective],
        facts: Mapping[str, Any],
        seed: int,
        first: Mapping[str, Any],
    ) -> None:
        self._optuna, self._seed = optuna_library(), seed
        self._objectives = objectives
        self._open: dict[int, Any] = {}
        with _reaching(url):
            self._study = self._optuna.create_study(
                storage=self._optuna.storages.RDBStorage(url),
                study_name=name,
                directions=[objective.direction for objective in objectives],
                load_if_exists=True,
            )
        before = self._study.user_attrs.get(_FACTS)
        if before is not None:
            _check(before, facts, name)
            return
        self._study.set_user_attr(_FACTS, dict(facts))
        if first:
            self._study.enqueue_trial(dict(first))

    def trials(self) -> list[SearchTrial]:
        """Return all trials in the order of their numbers; one that has nothing drawn yet is left out."""
        kept = [frozen.user_attrs.get(_TRIAL) for frozen in self._study.get_trials(deepcopy=False)]
        return [SearchTrial.from_dict(raw) for raw in kept if raw is not None]

    def begin(self) -> int:
        """Begin a trial, and return its number."""
        trial = self._study.ask()
        self._open = {trial.number: trial}
        return trial.number

    def unfinished(self) -> list[int]:
        """Return the numbers of the trials that some process began and none has finished."""
        running = (self._optuna.trial.TrialState.RUNNING,)
        return [frozen.number for frozen in self._study.get_trials(deepcopy=False, states=running)]

    def suggest(self, number: int, name: str, dimension: Dimension, blind: bool = False) -> Any:
        """Return the value of a dimension in a trial that is running: drawn once, then kept.

        By the tree-structured Parzen estimator (Bergstra et al. 2011; for several objectives Ozaki et al.
        2022), each dimension by itself; or evenly, without a look at other trials, if `blind`.
        """
        entropy = (self._seed, number, zlib.crc32(name.encode()))
        drawn_by = int(np.random.SeedSequence(entropy).generate_state(1)[0])
        samplers = self._optuna.samplers
        self._study.sampler = (
            samplers.RandomSampler(seed=drawn_by)
            if blind
            else samplers.TPESampler(seed=drawn_by, multivariate=False, constant_liar=True)
        )
        trial = self._trial(number)
        if isinstance(dimension, Choice):
            return trial.suggest_categorical(name, dimension.values)
        if dimension.whole:
            low, high = int(dimension.low), int(dimension.high)
            step = int(dimension.step or 1)
            return trial.suggest_int(name, low, high, log=dimension.log, step=step)
        return trial.suggest_float(
            name, dimension.low, dimension.high, log=dimension.log, step=dimension.step
        )

    def keep(self, trial: SearchTrial) -> None:
        """Write what is known of a trial; one that is not running any more is closed."""
        states = self._optuna.trial.TrialState
        self._trial(trial.number).set_user_attr(_TRIAL, trial.to_dict())
        if trial.state == "finished":
            values = [trial.figures[objective.key].value for objective in self._objectives]
            self._study.tell(trial.number, values)
        elif trial.state == "refused":
            self._study.tell(trial.number, state=states.FAIL)
        elif trial.state != "running":
            # Pruned, not failed: the sampler then knows that it is a bad place to come back to.
            self._study.tell(trial.number, state=states.PRUNED)

    def _trial(self, number: int) -> Any:
        """Return Optuna's trial of a number, which this process or a killed one began."""
        if number not in self._open:
            frozen = self._study.get_trials(deepcopy=False)[number]
            self._open = {number: self._optuna.trial.Trial(self._study, frozen._trial_id)}
        return self._open[number]


def _check(before: Mapping[str, Any], facts: Mapping[str, Any], name: str) -> None:
    """Raise UserError if a study is another search."""
    changed = next((key for key in facts if facts[key] != before.get(key)), None)
    if changed is not None:
        raise UserError(
            f"the storage holds another search called {name}: its {changed} differ",
            "Search with the same ones, or choose another --out.",
        )


@contextmanager
def _reaching(url: str) -> Iterator[None]:
    """Turn what a storage says that cannot be reached into one line."""
    from sqlalchemy.engine import make_url
    from sqlalchemy.exc import SQLAlchemyError

    try:
        yield
    except (SQLAlchemyError, ImportError) as error:
        try:
            shown = make_url(url).render_as_string(hide_password=True)
        except SQLAlchemyError:
            shown = "the storage"
        said = (str(error).strip().splitlines() or [type(error).__name__])[0]
        raise UserError(
            f"{shown} cannot be used ({said})",
            "Give --storage as SQLAlchemy writes it, e.g. postgresql://user@host/base, and install its "
            "driver.",
        ) from error

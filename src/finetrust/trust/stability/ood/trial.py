"""The trial of unfamiliar inputs: does the model raise doubt where an input is none of its classes?

Near are inputs of the kind that the model knows, which the user brings; far are noise, textures and the
like, which are made here. Every table has one column for each score, larger for more unusual.
"""

from collections.abc import Callable, Sequence
from functools import partial

import numpy as np

from finetrust.config import EvaluateOptions
from finetrust.core.errors import NotApplicable
from finetrust.core.predictions import Predictions
from finetrust.data.dataset import Dataset
from finetrust.data.source import DataOptions
from finetrust.tasks.task import Task
from finetrust.trust.stability.ood.given import given_sets, open_given
from finetrust.trust.stability.ood.knowledge import Knowledge, knowledge_of
from finetrust.trust.stability.ood.made import made, made_sets
from finetrust.trust.stability.ood.score import Seen, Unusualness
from finetrust.trust.trials.bench import Bench
from finetrust.trust.trials.effort import EffortName
from finetrust.trust.trials.trial import Step, trials

FAMILIAR, VALIDATION, CHOICE = "familiar", "validation", "choice"


class UnfamiliarInputs:
    """Items that the model knows, and sets of inputs that are none of its classes, under all scores."""

    title = "Unfamiliar inputs"
    efforts: tuple[EffortName, ...] = ("quick", "standard", "full")
    after: tuple[str, ...] = ()

    def check(self, options: EvaluateOptions, task: Task) -> None:
        for given in options.ood_data:
            open_given(given, DataOptions.of(options), task.kind)

    def plan(self, bench: Bench) -> Sequence[Step]:
        bench.require_rows_of_logits()
        if bench.clean.columns.get("features", np.empty(0)).ndim != 2:
            raise NotApplicable("the features of an input are not one row of numbers")
        rows = bench.sample()
        if not len(rows):
            raise NotApplicable("there are no items")
        return _Plan(bench, knowledge_of(bench), rows).steps()


class _Plan:
    def __init__(self, bench: Bench, knowledge: Knowledge, rows: np.ndarray) -> None:
        self._bench, self._knowledge, self._rows = bench, knowledge, rows

    def steps(self) -> list[Step]:
        knowledge, bench = self._knowledge, self._bench
        found = [self._step(FAMILIAR, self._clean_ids, self._familiar, knowledge.passes)]
        if knowledge.judged is not None:
            found.append(
                self._step(
                    VALIDATION,
                    knowledge.judged.ids,
                    lambda: knowledge.validation,
                    len(knowledge.judged),
                )
            )
        for name, one in knowledge.choice_sets.items():
            scored = partial(knowledge.of_choice_set, name)
            found.append(self._step(f"{CHOICE}-{name}", one.ids, scored, len(one)))
        some = bench.dataset.take(self._rows)
        for name, kind in made_sets.items():
            if kind.role == "far" and kind.kind == some.kind.name and not kind.unfit(some):
                found.append(self._set(f"far-{name}", made(name, some, bench.seed)))
        brought = given_sets(
            bench.options.ood_data,
            DataOptions.of(bench.options),
            bench.task.kind,
            bench.classes,
            len(self._rows),
            bench.seed,
        )
        for distance, name, one, mark in brought:
            found.append(self._set(f"{distance}-{name}", one, mark))
        if not any(step.name.startswith(("far-", "near-")) for step in found):
            raise NotApplicable(
                "there are no unfamiliar inputs for these data; name some with --ood-data"
            )
        return found

    @property
    def _clean_ids(self) -> tuple[str, ...]:
        return tuple(self._bench.dataset.ids[row] for row in self._rows)

    def _familiar(self) -> Unusualness:
        clean = self._bench.clean
        return self._knowledge.detectors(
            Seen(clean["features"][self._rows], clean["logits"][self._rows])
        )

    def _set(self, name: str, dataset: Dataset, mark: str = "") -> Step:
        return self._step(
            name,
            dataset.ids,
            partial(self._knowledge.scored, dataset, name),
            len(dataset),
            mark,
        )

    def _step(
        self,
        name: str,
        ids: Sequence[str],
        scored: Callable[[], Unusualness],
        forward: int,
        mark: str = "",
    ) -> Step:
        settings = {**self._knowledge.facts, "set": mark}
        return Step(name, lambda: _table(ids, scored()), settings, forward)


def _table(ids: Sequence[str], found: Unusualness) -> Predictions:
    return Predictions(np.array(ids, dtype=str), dict(found))


trials.add("ood", UnfamiliarInputs())

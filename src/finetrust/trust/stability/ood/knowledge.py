"""What a model knows: scores fitted to its training items, and what they say of validation items.

Which items are taken follows from their content alone, so that every evaluation of a run, and the run
itself, take the same.
"""

import hashlib
from functools import cached_property
from typing import Any

import numpy as np

from finetrust.core.errors import NotApplicable
from finetrust.core.once import once
from finetrust.data.dataset import Dataset
from finetrust.models.inference import Inference
from finetrust.trust.stability.ood.detectors import Detectors, fit_detectors
from finetrust.trust.stability.ood.made import made, made_sets
from finetrust.trust.stability.ood.passes import seen_of
from finetrust.trust.stability.ood.score import Head, Seen, Unusualness, scores
from finetrust.trust.trials.bench import Bench

MOST_FITTED = 10_000
MOST_JUDGED = 2_000
MOST_CHANGED = 300
FEWEST_SHARED = 30
"""Validation items of which a third is set aside; the others then are 20, enough for 5 % false alarms."""


class Knowledge:
    """Fitted scores, and what they say of items that the model knows; computed when it is asked for.

    Scores are fitted to training items and judged on validation items, of which a third puts them in
    proportion to each other instead: a promise about false alarms holds for a score that owes nothing to
    the items it is judged on. Where training items are not known, they are fitted to one half of the
    validation items.

    Parameters
    ----------
    inference : Inference
    training, validation : Dataset or None
        With digests, and with targets that are classes (int64).
    workers : int or None
    """

    def __init__(
        self,
        inference: Inference,
        training: Dataset | None,
        validation: Dataset | None,
        workers: int | None = None,
    ) -> None:
        self._inference, self._workers = inference, workers
        self.fitted, judged = _parts(training, validation)
        self.weighing, self.judged = _thirds(judged)
        self._chosen_by: dict[str, Unusualness] = {}

    @property
    def facts(self) -> dict[str, Any]:
        """All that scores depend on besides the model, as JSON values."""
        return {
            "scores": scores.names(),
            "fitted": _mark(self.fitted, targets=True),
            "weighing": _mark(self.weighing),
            "judged": _mark(self.judged),
            "chosen_by": sorted(self.choice_sets),
        }

    @property
    def passes(self) -> int:
        """How many items go through the network before anything is scored."""
        return sum(len(part) for part in (self.fitted, self.weighing) if part is not None)

    @cached_property
    def known(self) -> Seen:
        """What the network yields for the items that scores are fitted to.

        Raises
        ------
        NotApplicable
            If there are none, or features are no row of numbers for each item.
        """
        if self.fitted is None:
            raise NotApplicable("no items are known that scores could be fitted to")
        return seen_of(self._inference, self.fitted, self._workers, "familiar items")

    @cached_property
    def detectors(self) -> Detectors:
        """All scores that can be fitted."""
        head = Head.of(self._inference)
        if self.fitted is None:
            return fit_detectors(None, None, head)
        found = fit_detectors(self.known, self.fitted.targets, head)
        if self.weighing is None:
            return found
        label = "validation items"
        return found.with_combined(seen_of(self._inference, self.weighing, self._workers, label))

    def scored(self, dataset: Dataset, label: str) -> Unusualness:
        """Return how unusual each item of a data set is."""
        return self.detectors(seen_of(self._inference, dataset, self._workers, label))

    @cached_property
    def validation(self) -> Unusualness:
        """How unusual the validation items are.

        Raises
        ------
        NotApplicable
            If there are none.
        """
        if self.judged is None:
            raise NotApplicable("there are no validation data")
        return self.scored(self.judged, "validation items")

    def of_choice_set(self, name: str) -> Unusualness:
        """Return how unusual each item of one of the `choice_sets` is."""
        if name not in self._chosen_by:
            self._chosen_by[name] = self.scored(self.choice_sets[name], name)
        return self._chosen_by[name]

    @cached_property
    def choice_sets(self) -> dict[str, Dataset]:
        """The sets by which a score is chosen, made from validation items."""
        if self.judged is None:
            return {}
        changed = by_content(self.judged, MOST_CHANGED)
        return {
            name: made(name, changed, seed=0)
            for name, one in made_sets.items()
            if one.role == "choice" and one.kind == changed.kind.name and not one.unfit(changed)
        }


@once
def knowledge_of(bench: Bench) -> Knowledge:
    """Return what the model on a bench knows; the same for all who ask."""
    return Knowledge(bench.inference, bench.training, bench.validation_items, bench.workers)


def by_content(dataset: Dataset, most: int) -> Dataset:
    """Return at most so many items, by the order of their digests, which is as good as random."""
    order = np.argsort(np.array(dataset.digests, dtype=str), kind="stable")
    return dataset.take(np.sort(order[:most]))


def _parts(
    training: Dataset | None, validation: Dataset | None
) -> tuple[Dataset | None, Dataset | None]:
    """Return the items to fit to, and those to judge on."""
    if validation is not None and len(validation) < 2:
        validation = None
    if training is not None and len(training):
        judged = None if validation is None else by_content(validation, MOST_JUDGED)
        return by_content(training, MOST_FITTED), judged
    if validation is None:
        return None, None
    order = np.argsort(np.array(validation.digests, dtype=str), kind="stable")
    halves = (validation.take(np.sort(order[start::2])) for start in (0, 1))
    return by_content(next(halves), MOST_FITTED), by_content(next(halves), MOST_JUDGED)


def _thirds(validation: Dataset | None) -> tuple[Dataset | None, Dataset | None]:
    """Return the items that put scores in proportion, and those that they are judged on."""
    if validation is None or len(validation) < FEWEST_SHARED:
        return None, validation
    order = np.argsort(np.array(validation.digests, dtype=str), kind="stable")
    aside = np.zeros(len(order), bool)
    aside[order[::3]] = True
    return validation.take(np.flatnonzero(aside)), validation.take(np.flatnonzero(~aside))


def _mark(dataset: Dataset | None, targets: bool = False) -> str:
    if dataset is None:
        return ""
    parts = [dataset.fingerprint, *(map(str, dataset.targets.tolist()) if targets else ())]
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()

"""Training a run again: with another seed, another order, and another sample of its training data."""

from collections.abc import Iterator
from dataclasses import replace
from functools import cached_property
from typing import Any

import numpy as np

from finetrust.api.run import Run, load
from finetrust.api.tune import tune
from finetrust.core.errors import NotApplicable, UserError
from finetrust.core.predictions import Predictions
from finetrust.core.progress import say
from finetrust.core.run_folder import RunFolder
from finetrust.data.dataset import Dataset
from finetrust.data.index import DataIndex
from finetrust.data.source import DataOptions, open_dataset
from finetrust.models.inference import Inference
from finetrust.report.numbers import duration
from finetrust.tasks.predicted import predicted
from finetrust.trust.accuracy.probabilities import predicted_classes
from finetrust.trust.stability.repeats.retrained import KINDS
from finetrust.trust.trials.bench import Bench

LEFT_OUT = 0.1


class RunRepeats:
    """The repeats of a tuned run, each a run of its own in the folder ``repeats`` within it.

    What was killed in training goes on where it was; what is finished is not trained again.

    Parameters
    ----------
    run : Run
    """

    def __init__(self, run: Run) -> None:
        self._run = run

    def check(self, repeats: int) -> None:
        """Tell what is left to be trained, and how long it will take.

        Raises
        ------
        NotApplicable
            If the run was tuned from a module, whose pretrained weights are on no disk.
        UserError
            If training data are missing.
        """
        if str(self._run.folder.config["model"]).startswith("python:"):
            raise NotApplicable(
                "the run was tuned from a module in Python, whose pretrained weights were not kept"
            )
        left = sum(
            self._folder(kind, number).record.get("status") != "finished"
            for kind in KINDS
            for number in range(1, repeats + 1)
        )
        if left:
            assert len(self._data), "a run has training data"
            seconds = left * float(self._run.folder.record.get("seconds", 0.0))
            say(
                f"Repeats: {left} trainings are to be done, about {duration(seconds)} in all if each "
                "takes as long as the run itself; what is finished is kept."
            )

    @property
    def backward(self) -> int:
        """How many items go forward and back in one training; a phase on cached features costs none."""
        record = self._run.folder.record
        epochs = sum(phase["epochs"] for phase in record["phases"] if not phase["cached"])
        return int(epochs * record["data"]["n_train"])

    def predictions(self, bench: Bench, kind: str, number: int) -> Predictions:
        """Train a repeat, if need be, and return what it says about all items of the bench.

        Returns
        -------
        Predictions
            The columns of the task, and ``predicted_class``: after the repeat's own calibration.
        """
        repeat = self.train(kind, number)
        network = repeat.model.network.to(bench.inference.device)
        inference = Inference(network, bench.inference.precision)
        label = f"{kind}-{number}"
        found = predicted(bench.task, inference, bench.dataset, bench.workers, label)
        decided = predicted_classes(found, repeat.model.calibration)
        columns = {**found.without("features").columns, "predicted_class": decided}
        return replace(found, columns=columns)

    def train(self, kind: str, number: int) -> Run:
        """Train a repeat, or what is left of it."""
        folder = self._folder(kind, number)
        if folder.record.get("status") != "finished":
            config = self._run.folder.config
            options = {**config, **_changed(config, kind, number), "out": str(folder.path)}
            name = options.pop("model")
            del options["data"]
            tune(name, self.data(kind, number), resume=True, quiet=True, **options)
        return load(folder.path, allow_code=self._run.allow_code)

    def data(self, kind: str, number: int) -> Dataset:
        """Return the training and validation items of a repeat, under the splits they were in.

        Only a bootstrap or a part of the data has other training items than the run; validation data
        are always the same.
        """
        splits = self._data.splits
        train, val = np.flatnonzero(splits == "train"), np.flatnonzero(splits == "val")
        strata = self._strata[train]
        rng = np.random.default_rng(repeat_seed(self._run.folder.config, kind, number))
        if kind == "bootstrap":
            train = train[np.sort(bootstrapped(strata, rng))]
        elif kind == "drop":
            train = train[kept_items(strata, LEFT_OUT, rng)]
        rows = np.concatenate([train, val])
        taken = self._data.take(rows)
        return replace(
            taken, ids=tuple(_numbered(taken.ids)), name=f"{taken.name} ({kind} {number})"
        )

    @cached_property
    def _data(self) -> Dataset:
        """The items as the source holds them, with the splits that the run had."""
        config = self._run.folder.config
        index = DataIndex.load(self._run.folder.data_index_file)
        splits = dict(zip(index.ids, map(str, index.splits), strict=True))
        opened = open_dataset(config["data"], DataOptions.of_mapping(config))
        rows = [row for row, name in enumerate(opened.ids) if name in splits]
        if len(rows) != len(splits):
            raise UserError(
                f"{config['data']}: {len(splits) - len(rows)} items that the run was tuned with are gone",
                "Restore the data, or leave --repeats out.",
            )
        taken = opened.take(rows)
        return replace(taken, splits=np.array([splits[name] for name in taken.ids]))

    @cached_property
    def _strata(self) -> np.ndarray:
        """The class of every item, in which data are drawn."""
        labels = [str(target) for target in self._data.targets]
        return np.unique(labels, return_inverse=True)[1]

    def _folder(self, kind: str, number: int) -> RunFolder:
        return RunFolder(self._run.path / "repeats" / f"{kind}-{number}")


def repeat_seed(config: dict[str, Any], kind: str, number: int) -> int:
    """Return the seed of what is another in a repeat, from the seed of the run."""
    entropy = (int(config["seed"]), list(KINDS).index(kind), number)
    return int(np.random.SeedSequence(entropy).generate_state(1)[0]) % 2**31


def bootstrapped(strata: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Draw as many items with replacement as there are, class by class: int array (n,) of rows.

    Every class keeps its number of items, so that none can vanish.
    """
    drawn = np.empty(len(strata), np.int64)
    for stratum in np.unique(strata):
        rows = np.flatnonzero(strata == stratum)
        drawn[rows] = rng.choice(rows, len(rows))
    return drawn


def kept_items(strata: np.ndarray, share: float, rng: np.random.Generator) -> np.ndarray:
    """Leave a share of the items out, drawn at random, but never the last of a class.

    Returns
    -------
    int array (kept,)
        Sorted rows.
    """
    left = np.bincount(strata)
    wanted = round(share * len(strata))
    kept = np.ones(len(strata), bool)
    for row in rng.permutation(len(strata)):
        if wanted and left[strata[row]] > 1:
            kept[row] = False
            left[strata[row]] -= 1
            wanted -= 1
    return np.flatnonzero(kept)


def _changed(config: dict[str, Any], kind: str, number: int) -> dict[str, Any]:
    """Return the options that differ from those of the run.

    The order of the data is held fast where only the seed is another, and the other way round.
    """
    seed = repeat_seed(config, kind, number)
    order = config["seed"] if config.get("order_seed") is None else config["order_seed"]
    if kind == "seed":
        return {"seed": seed, "order_seed": order}
    return {"order_seed": seed if kind == "order" else order}


def _numbered(ids: tuple[str, ...]) -> Iterator[str]:
    """Tell apart the copies of an item that was drawn several times."""
    seen: dict[str, int] = {}
    for name in ids:
        seen[name] = seen.get(name, 0) + 1
        yield name if seen[name] == 1 else f"{name}#{seen[name]}"

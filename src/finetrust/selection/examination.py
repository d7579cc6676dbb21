"""The examination of one candidate: one pass over the items, then all figures that follow from it."""

import hashlib
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch

from finetrust import __version__
from finetrust.core.errors import NotApplicable, UserError
from finetrust.core.measure import Absence
from finetrust.data.dataset import Dataset
from finetrust.models.inference import Inference
from finetrust.models.weights_file import sha256_of_tensors
from finetrust.selection.candidate import Candidate
from finetrust.selection.cost import cost_of
from finetrust.selection.depth import depth_of
from finetrust.selection.disturbances import moved_features
from finetrust.selection.estimate import Figure, figure_of
from finetrust.selection.evidence import Evidence
from finetrust.selection.loaded import Loaded, load_candidate
from finetrust.selection.observed.observer import observer_of
from finetrust.selection.score import score_all
from finetrust.tasks.task import tasks

FORMAT = 2
"""Raise it when the same candidate and data lead to other figures."""


@dataclass(frozen=True, eq=False)
class Setting:
    """What is the same for all candidates of a selection.

    Parameters
    ----------
    task_name : str
    train : Dataset
        The training items with their digests.
    groups : tuple of str
        What stands for an item and all its copies.
    device, precision : str
    seed : int
    workers : int or None
        Decoding processes.
    """

    task_name: str
    train: Dataset
    groups: tuple[str, ...]
    device: str
    precision: str
    seed: int
    workers: int | None

    def load(self, candidate: Candidate) -> Loaded:
        """Load a candidate for the data on the device."""
        task, device = tasks.get(self.task_name), torch.device(self.device)
        return load_candidate(candidate, task, self.train, device, self.seed)

    def prepared(self, loaded: Loaded) -> Inference:
        """Return a loaded candidate prepared for inference as ``finetrust tune`` does it."""
        return loaded.prepared(self.train, self.precision)


@dataclass(frozen=True)
class Weighed:
    """What is known of a candidate before it sees the data.

    Parameters
    ----------
    cost : mapping
        See :class:`finetrust.selection.cost.Cost`.
    source, licence : str
    notes : tuple of str
        What was handled while loading.
    key : str
        SHA-256 of all that its features and the answers of its source head depend on.
    """

    cost: Mapping[str, Any]
    source: str
    licence: str
    notes: tuple[str, ...]
    key: str


def weigh(candidate: Candidate, setting: Setting) -> Weighed:
    """Load a candidate and measure what it costs.

    Raises
    ------
    UserError
        If it cannot be had, or does not fit the task.
    """
    loaded = setting.load(candidate)
    head = loaded.source_head
    of_head = "" if head is None else sha256_of_tensors(head.state_dict())
    key = hashlib.sha256(f"{setting.prepared(loaded).key} {of_head}".encode()).hexdigest()
    facts = loaded.provenance
    return Weighed(cost_of(loaded.network).to_dict(), facts.source, facts.licence, facts.notes, key)


def result_key(weighed: Weighed, setting: Setting, rows: np.ndarray, whole: bool) -> str:
    """Return the SHA-256 of all that the figures of a candidate depend on."""
    train = setting.train
    mark = hashlib.sha256()
    for part in (
        f"{FORMAT} {__version__} {whole} {setting.seed} {setting.task_name} {weighed.key}",
        *train.classes,
        *(train.digests[row] for row in rows),
        *(setting.groups[row] for row in rows),
        *(repr(_plain(train.targets[row])) for row in rows),
    ):
        mark.update(part.encode() + b"\n")
    return mark.hexdigest()


def examine(candidate: Candidate, setting: Setting, rows: np.ndarray, whole: bool) -> dict:
    """Return the figures of a candidate on the items at `rows` as JSON values.

    ``n`` observations, all ``scores``, and the probe's ``accuracy`` and ``calibration_error``; where
    `whole`, also how far features ``moved`` under disturbance, ``near_ood`` separability, ``data_size``
    and ``depth``; the ``seconds`` of each part.

    Parameters
    ----------
    candidate : Candidate
    setting : Setting
    rows : int64 array
        Of the training items, ascending.
    whole : bool

    Raises
    ------
    UserError
        If the candidate cannot be had, or yields nothing that can be judged.
    """
    clock = _Clock()
    loaded = setting.load(candidate)
    inference = setting.prepared(loaded)
    dataset = setting.train.take(rows)
    clock.lap("loading")
    observer = observer_of(setting.task_name, dataset)
    seen = observer.observe(
        inference, loaded, tasks.get(setting.task_name), dataset, setting.workers
    )
    if not np.isfinite(seen.features).all():
        raise UserError("its features are not finite on these data", "Give whole weights.")
    clock.lap("features")
    groups = [setting.groups[rows[item]] for item in seen.item]
    judge = observer.judge(seen, dataset, groups, setting.seed)
    found: dict[str, Any] = {"n": len(seen), "counted": observer.counted}
    evidence = Evidence(
        seen.features, seen.labels, seen.source_logits, seen.targets, seed=setting.seed
    )
    found["scores"] = {name: _value(value) for name, value in score_all(evidence).items()}
    clock.lap("scores")
    found["accuracy"] = figure_of(judge.accuracy).to_dict()
    found["calibration_error"] = figure_of(judge.calibration_error).to_dict()
    clock.lap("probe")
    if whole:
        found["near_ood"] = figure_of(judge.near_ood).to_dict()
        found["data_size"] = _or_reason(lambda: judge.data_size().to_dict())
        clock.lap("near-OOD and data size")
        if observer.disturbed:
            found["moved"] = figure_of(
                lambda: moved_features(inference, dataset, setting.seed)
            ).to_dict()
            clock.lap("disturbances")
            network = loaded.network
            found["depth"] = _or_reason(
                lambda: depth_of(network, inference, dataset, judge, setting.seed).to_dict()
            )
            clock.lap("depth")
        else:
            reason = f"the features of {observer.counted} are not disturbed one by one"
            found["moved"] = Figure(reason=reason).to_dict()
            found["depth"] = {"reason": f"layers are not probed by {observer.counted}"}
    return {**found, "seconds": clock.laps}


def _value(score: float | Absence) -> dict[str, Any]:
    return {"reason": score.reason} if isinstance(score, Absence) else {"value": score}


def _or_reason(find: Callable[[], dict[str, Any]]) -> dict[str, Any]:
    try:
        return find()
    except NotApplicable as absence:
        return {"reason": str(absence)}


def _plain(target: Any) -> Any:
    """Return what tells a target from another when it is written."""
    return getattr(target, "digest", None) or (
        [np.asarray(v).tolist() for v in (target.boxes, target.labels)]
        if hasattr(target, "boxes")
        else np.asarray(target).tolist()
    )


class _Clock:
    """Seconds of one part after the other."""

    def __init__(self) -> None:
        self.laps: dict[str, float] = {}
        self._since = time.perf_counter()

    def lap(self, name: str) -> None:
        now = time.perf_counter()
        self.laps[name] = round(now - self._since, 3)
        self._since = now

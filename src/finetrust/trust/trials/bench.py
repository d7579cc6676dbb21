"""The bench: a model, the data it is judged on, and all that a trial may use of them."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

import numpy as np
import torch
from torch import Tensor

from finetrust.config import EvaluateOptions
from finetrust.core.errors import NotApplicable
from finetrust.core.predictions import Predictions
from finetrust.core.progress import track
from finetrust.data.dataset import Dataset
from finetrust.models.features import batched_inputs
from finetrust.models.inference import Inference
from finetrust.models.network import Network
from finetrust.models.tree import Tree, leaves, mapped, to_device
from finetrust.models.unit_interval import in_unit_interval
from finetrust.tasks.predicted import in_order
from finetrust.tasks.task import Task
from finetrust.trust.stability.repeats.retraining import Retraining
from finetrust.trust.trials.effort import Effort, effort_of
from finetrust.trust.trials.item_seeds import item_seeds

MOST_BYTES_KEPT = 1 << 30


def _unknown() -> Dataset | None:
    return None


@dataclass(frozen=True)
class Bench:
    """What a trial is given.

    Parameters
    ----------
    task : Task
    network : Network
        As it was trained: fp32, in evaluation mode; takes gradients to its inputs, which for images
        are pixels in [0, 1].
    inference : Inference
        The same network on the fast path, without gradients.
    dataset : Dataset
        All items that the model is judged on.
    clean : Predictions
        What the model says about them, in their order.
    classes : tuple of str
    calibration : mapping
    validation : Predictions or None
        What the model says about validation data.
    options : EvaluateOptions
    find_training, find_validation : callable
        Return the items that the model was trained and validated on (with digests), or None where
        they are not known or cannot be read any more; asked only if a trial wants them.
    retraining : Retraining, optional
        What trains the model again; None where it was not tuned here.
    found : dict
        The tables of the trials that have been held, by trial and step; filled as they are.
    """

    task: Task
    network: Network
    inference: Inference
    dataset: Dataset
    clean: Predictions
    classes: tuple[str, ...] = ()
    calibration: Mapping[str, Any] = field(default_factory=dict)
    validation: Predictions | None = None
    options: EvaluateOptions = field(default_factory=lambda: EvaluateOptions.model_validate({}))
    find_training: Callable[[], Dataset | None] = _unknown
    find_validation: Callable[[], Dataset | None] = _unknown
    retraining: Retraining | None = None
    found: dict[str, dict[str, Predictions]] = field(default_factory=dict)

    def tables(self, trial: str) -> Mapping[str, Predictions]:
        """Return the tables, by step, of a trial that was held before this one.

        Raises
        ------
        NotApplicable
            If it could not be held.
        """
        if trial not in self.found:
            raise NotApplicable(f"it rests on the trial '{trial}', which could not be held")
        return self.found[trial]

    @property
    def effort(self) -> Effort:
        """How precise the user wants it."""
        return effort_of(self.options.effort, self.options.trial_items)

    @property
    def seed(self) -> int:
        return self.options.seed

    @property
    def workers(self) -> int | None:
        return self.options.workers

    @cached_property
    def training(self) -> Dataset | None:
        """The items that the model was trained on, where they are known."""
        return self.find_training()

    @cached_property
    def validation_items(self) -> Dataset | None:
        """The items that the model was validated on, where they are known."""
        return self.find_validation()

    def sample(self, costly: bool = False) -> np.ndarray:
        """Return the rows of the items to take: sorted int64 (n,).

        As many as the effort asks for, drawn by the seed; a costly sample is part of the ordinary one.
        """
        order = np.random.default_rng(self.seed).permutation(len(self.dataset))
        return np.sort(order[: self.effort.items(costly)])

    def ids(self, rows: np.ndarray) -> np.ndarray:
        """Return the ids of the items at `rows`: str array (n,)."""
        return np.asarray([self.dataset.ids[row] for row in rows], dtype=str)

    def seeds(self, rows: np.ndarray) -> Tensor:
        """Return a seed for each of the items at `rows`, by their ids: int64 (n,) on the device."""
        return item_seeds(self.ids(rows), self.seed).to(self.inference.device)

    def batches(self, rows: np.ndarray, label: str) -> Iterator[tuple[np.ndarray, Tree]]:
        """Yield rows and their inputs on the device, behind a progress bar.

        Pixels come as float32 in [0, 1]: tensors (n, 3, h, w), or a list of tensors (3, h, w) where
        images keep their sizes. Those of the ordinary sample are decoded once and kept as bytes,
        if they fit in 1 GiB.

        Parameters
        ----------
        rows : int64 array
            Rows of `dataset`.
        label : str
            What the progress bar is called.
        """
        kept = self._kept
        if kept is not None and np.isin(rows, kept.rows).all():
            size = self.inference.batch_size
            parts = [rows[start : start + size] for start in range(0, len(rows), size)]
            for part in track(parts, label):
                yield part, self._on_device(kept.take(part))
            return
        part_of = self.dataset.take(rows)
        for part, inputs in batched_inputs(self.inference, part_of, self.workers, label):
            yield rows[part], self._on_device(inputs)

    def predictions(self, rows: np.ndarray, outputs: Tree) -> Predictions:
        """Return outputs for the items at `rows` as a table, in the task's columns."""
        return self.task.predictions(self.dataset.take(rows), outputs)

    def answers(
        self,
        rows: np.ndarray,
        name: str,
        change: Callable[[np.ndarray, Tree], Tree] | None = None,
    ) -> Predictions:
        """Return what the network says about the items at `rows`, changed on the way.

        Parameters
        ----------
        rows : int64 array
        name : str
            Of the perturbation, and of the progress bar.
        change : callable, optional
            ``change(rows_of_batch, inputs)`` returns other inputs.
        """
        parts, order = [], []
        for part, inputs in self.batches(rows, name):
            outputs = self.inference(inputs if change is None else change(part, inputs))
            parts.append(self.predictions(part, outputs))
            order.append(np.searchsorted(rows, part))
        found = in_order(parts, order)
        return replace(found, perturbation=name, split=self.clean.split)

    def require_rows_of_logits(self) -> None:
        """Raise NotApplicable unless outputs are one row of logits an item, and targets classes."""
        logits, target = (self.clean.columns.get(name) for name in ("logits", "target"))
        if logits is None or target is None or logits.ndim != 2 or target.ndim != 1:
            raise NotApplicable("the outputs are not one row of logits for each input")
        if target.dtype.kind not in "iu":
            raise NotApplicable("a target is not one class")

    def require_pixels(self) -> None:
        """Raise NotApplicable unless a batch of inputs is one float tensor of pixels (n, 3, h, w)."""
        example = self.inference.preprocessing.example(1)
        if not (isinstance(example, Tensor) and example.ndim == 4 and example.shape[1] == 3):
            raise NotApplicable("the inputs are not images of one size")

    def _on_device(self, inputs: Tree) -> Tree:
        return mapped(in_unit_interval, to_device(inputs, self.inference.device))

    @cached_property
    def _kept(self) -> "_Kept | None":
        rows = self.sample()
        if not len(rows):
            return None
        example = self.inference.preprocessing.example(1)
        bytes_each = sum(leaf.numel() for leaf in leaves(example))
        images = isinstance(example, Tensor) and example.ndim == 4
        if not images or bytes_each * len(rows) > MOST_BYTES_KEPT:
            return None
        part = self.dataset.take(rows)
        decoded: list[Tensor] = [torch.empty(0)] * len(rows)
        for of_batch, inputs in batched_inputs(self.inference, part, self.workers, "decoding"):
            for position, image in zip(of_batch, inputs, strict=True):
                decoded[int(position)] = image
        alike = len({image.shape for image in decoded}) == 1 and isinstance(inputs, Tensor)
        return _Kept(rows, torch.stack(decoded) if alike else decoded)


class _Kept:
    """Decoded images of some rows."""

    def __init__(self, rows: np.ndarray, images: Tensor | list[Tensor]) -> None:
        self.rows, self._images = rows, images

    def take(self, rows: np.ndarray) -> Tree:
        places = np.searchsorted(self.rows, rows)
        if isinstance(self._images, Tensor):
            return self._images[torch.from_numpy(places)]
        return [self._images[place] for place in places.tolist()]
